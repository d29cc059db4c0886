//! What a mail says ([`MailBody`]), how it is put together ([`message`]), and how it leaves
//! ([`relay`]).

mod body;
pub mod message;
pub mod names;
pub mod receiver;
pub mod refusal;
pub mod relay;
mod wire;

pub use body::MailBody;
pub use receiver::Receiver;
pub use relay::Relay;
