//! Paying through the practice's payment provider. What is asked of the provider is a row (a task) that is written in
//! the transaction that decides; the task is carried out after the commit, and its outcome is written in one
//! transaction with what it posts. So a crash at any point asks the same thing again under the same key, and posts once.
//!
//! | file | what |
//! |---|---|
//! | `store` | the practice's account, checkouts, events that were taken |
//! | `task_store` | what is to be asked of the provider |
//! | `keys` | the keys of its account, sealed and opened |
//! | `events` | what the provider tells by itself, from a webhook or asked for |
//! | `start` | a client begins to pay; the provider's account is set up |
//! | `settle` | what the provider answers becomes entries of the journal |
//! | `work` | carries tasks out |
//! | `due` | the jobs that look after what nobody told |
//! | `hook` | the webhook |

pub(super) mod client_pages;
mod due;
mod events;
pub(super) mod hook;
mod keys;
pub(super) mod settings_pages;
mod settle;
mod start;
pub mod store;
pub(super) mod task_store;
mod work;

pub(super) use due::{LOOK, READ_EVENTS};
pub use start::{Keys, NotConnected, Wish, close_open, connect, connect_with, disconnect, start};
pub use work::{run_due, work};
