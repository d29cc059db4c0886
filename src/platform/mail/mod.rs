//! What a mail says ([`Letter`]), how it is put together ([`message`]), and how it leaves
//! ([`relay`]).

mod letter;
pub mod message;
pub mod names;
pub mod receiver;
pub mod relay;

pub use letter::Letter;
pub use receiver::Receiver;
pub use relay::Relay;
