//! A payment provider: what is asked of it, and what it answers. Which one it is comes in through the application
//! state. No number of a card passes through here: clients pay on the provider's own page.
//!
//! | file | what |
//! |---|---|
//! | `provider` | the interface, and what comes back in our own words |
//! | `stripe` | Stripe's API |
//! | `signature` | who signed a webhook, and when |
//! | `http` | one request over HTTP, in time |
//! | `local` | a provider on loopback for the demo and for tests |

mod http;
pub mod local;
mod provider;
mod signature;
mod stripe;

pub use provider::{
    Account, Call, Checkout, CheckoutStatus, Dispute, DisputeStatus, EventPage, Live, Looked, Mode,
    NewCheckout, NewRefund, PayProvider, ProviderEvent, Refund, RefundStatus, Trouble,
};
pub use signature::{HEADER as SIGNATURE, Signed, sign, verify};
pub use stripe::{REAL_ORIGIN, Stripe};
