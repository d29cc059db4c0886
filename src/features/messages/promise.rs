//! In how many business days a message is answered; [`ReplyHours`] says when they have passed.

pub use crate::features::calendar::ReplyHours;

use crate::features::messages::readers::Addressee;
use crate::features::practice::Policy;

/// Business days in which clients are told that their message is answered.
pub fn days_promised(policy: &Policy, to: Addressee) -> i32 {
    match to {
        Addressee::FrontDesk => policy.desk_reply_days,
        Addressee::Clinician(_) => policy.clinician_reply_days,
        Addressee::Billing => policy.billing_reply_days,
    }
}
