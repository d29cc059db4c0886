//! The life cycles of a charge, a payment and a refund: one pure function each. The test at the end walks every cell.
//!
//! | event ↓ / charge → | none | posted | void |
//! |---|---|---|---|
//! | post | posted | unchanged | void |
//! | relieve (discount, write-off) | not there | posted | void |
//! | void | not there | void | unchanged |
//!
//! | event ↓ / payment → | none | succeeded | reversed |
//! |---|---|---|---|
//! | record | succeeded | unchanged | reversed |
//! | refund | not there | succeeded | reversed |
//! | undo, no refund stands | not there | reversed | unchanged |
//! | undo, a refund stands | not there | refunded | unchanged |
//!
//! | event ↓ / refund → | none | succeeded | canceled |
//! |---|---|---|---|
//! | pay | succeeded | unchanged | canceled |
//! | cancel | not there | canceled | unchanged |
//!
//! What stands in a cell and is no state is why the event is refused.

use crate::word_enum;

word_enum! {
    /// Where a charge stands. What is owed for it stands in the ledger.
    pub enum ChargeState {
        /// It counts.
        Posted = "posted",
        /// It was taken back.
        Void = "void",
    }
}

word_enum! {
    /// Where a payment stands.
    pub enum PaymentState {
        /// The money is here.
        Succeeded = "succeeded",
        /// It was recorded by mistake, or its check came back.
        Reversed = "reversed",
    }
}

word_enum! {
    /// Where a refund stands.
    pub enum RefundState {
        /// The money went back.
        Succeeded = "succeeded",
        /// It did not, after all.
        Canceled = "canceled",
    }
}

/// What happens to a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeEvent {
    /// It is posted.
    Post,
    /// A part of it is taken off.
    Relieve,
    /// It is taken back.
    Void,
}

/// Does a refund of this payment stand?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refunds {
    /// None.
    None,
    /// At least one.
    Some,
}

/// What happens to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentEvent {
    /// Staff record it.
    Record,
    /// A part of it goes back.
    Refund,
    /// It is taken back.
    Undo(Refunds),
}

/// What happens to a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundEvent {
    /// It is paid out.
    Pay,
    /// It did not arrive.
    Cancel,
}

/// What an event comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<S> {
    /// It stands here now, and something is posted.
    To(S),
    /// It was done before: nothing is posted.
    Unchanged,
}

/// Why an event is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such charge, payment or refund.
    #[error("it is not there")]
    NotThere,
    /// The charge was taken back.
    #[error("the charge was taken back")]
    Void,
    /// The payment was taken back.
    #[error("the payment was taken back")]
    Reversed,
    /// A part of the payment went back: the refund is undone first.
    #[error("a part of the payment was refunded; undo the refund first")]
    Refunded,
    /// The refund was canceled.
    #[error("the refund was canceled")]
    Canceled,
}

/// What becomes of a charge.
pub fn charge(state: Option<ChargeState>, event: ChargeEvent) -> Result<Step<ChargeState>, Refusal> {
    use ChargeState::{Posted, Void};
    match (event, state) {
        (ChargeEvent::Post, None) => Ok(Step::To(Posted)),
        (ChargeEvent::Relieve | ChargeEvent::Void, None) => Err(Refusal::NotThere),
        (ChargeEvent::Post, Some(Posted)) => Ok(Step::Unchanged),
        (ChargeEvent::Relieve, Some(Posted)) => Ok(Step::To(Posted)),
        (ChargeEvent::Void, Some(Posted)) => Ok(Step::To(Void)),
        (ChargeEvent::Post | ChargeEvent::Relieve, Some(Void)) => Err(Refusal::Void),
        (ChargeEvent::Void, Some(Void)) => Ok(Step::Unchanged),
    }
}

/// What becomes of a payment.
pub fn payment(state: Option<PaymentState>, event: PaymentEvent) -> Result<Step<PaymentState>, Refusal> {
    use PaymentState::{Reversed, Succeeded};
    match (event, state) {
        (PaymentEvent::Record, None) => Ok(Step::To(Succeeded)),
        (PaymentEvent::Refund | PaymentEvent::Undo(_), None) => Err(Refusal::NotThere),
        (PaymentEvent::Record, Some(Succeeded)) => Ok(Step::Unchanged),
        (PaymentEvent::Refund, Some(Succeeded)) => Ok(Step::To(Succeeded)),
        (PaymentEvent::Undo(Refunds::None), Some(Succeeded)) => Ok(Step::To(Reversed)),
        (PaymentEvent::Undo(Refunds::Some), Some(Succeeded)) => Err(Refusal::Refunded),
        (PaymentEvent::Record | PaymentEvent::Refund, Some(Reversed)) => Err(Refusal::Reversed),
        (PaymentEvent::Undo(_), Some(Reversed)) => Ok(Step::Unchanged),
    }
}

/// What becomes of a refund.
pub fn refund(state: Option<RefundState>, event: RefundEvent) -> Result<Step<RefundState>, Refusal> {
    use RefundState::{Canceled, Succeeded};
    match (event, state) {
        (RefundEvent::Pay, None) => Ok(Step::To(Succeeded)),
        (RefundEvent::Cancel, None) => Err(Refusal::NotThere),
        (RefundEvent::Pay, Some(Succeeded)) => Ok(Step::Unchanged),
        (RefundEvent::Cancel, Some(Succeeded)) => Ok(Step::To(Canceled)),
        (RefundEvent::Pay, Some(Canceled)) => Err(Refusal::Canceled),
        (RefundEvent::Cancel, Some(Canceled)) => Ok(Step::Unchanged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the table whose head names `what`, as they stand in the documentation.
    fn documented(what: &str) -> Vec<Vec<String>> {
        let head = format!("//! | event ↓ / {what} → |");
        include_str!("lifecycle.rs")
            .lines()
            .skip_while(|line| !line.starts_with(&head))
            .skip(2)
            .take_while(|line| line.starts_with("//! |"))
            .map(|line| {
                line.trim_start_matches("//! |").split('|').map(|cell| cell.trim().to_owned()).collect()
            })
            .collect()
    }

    fn cell<S: std::fmt::Display>(outcome: Result<Step<S>, Refusal>) -> String {
        match outcome {
            Ok(Step::To(state)) => state.to_string(),
            Ok(Step::Unchanged) => "unchanged".to_owned(),
            Err(Refusal::NotThere) => "not there".to_owned(),
            Err(Refusal::Void) => "void".to_owned(),
            Err(Refusal::Reversed) => "reversed".to_owned(),
            Err(Refusal::Refunded) => "refunded".to_owned(),
            Err(Refusal::Canceled) => "canceled".to_owned(),
        }
    }

    /// Compares each cell that the documentation shows with what the function answers.
    fn walk<S: Copy + std::fmt::Display, E: Copy>(
        what: &str,
        states: &[S],
        events: &[E],
        decide: fn(Option<S>, E) -> Result<Step<S>, Refusal>,
    ) {
        let table = documented(what);
        assert_eq!(table.len(), events.len(), "{what}: a row for each event");
        for (row, event) in table.iter().zip(events) {
            let all = std::iter::once(None).chain(states.iter().copied().map(Some));
            let answers: Vec<String> = all.map(|state| cell(decide(state, *event))).collect();
            assert_eq!(row[1..=states.len() + 1], answers, "{what}, {}", row[0]);
        }
    }

    #[test]
    fn every_cell_of_the_three_tables_is_what_the_functions_answer() {
        use ChargeEvent::{Post, Relieve, Void};
        walk("charge", ChargeState::ALL, &[Post, Relieve, Void], charge);
        let undo = |refunds| PaymentEvent::Undo(refunds);
        let events = [PaymentEvent::Record, PaymentEvent::Refund, undo(Refunds::None), undo(Refunds::Some)];
        walk("payment", PaymentState::ALL, &events, payment);
        walk("refund", RefundState::ALL, &[RefundEvent::Pay, RefundEvent::Cancel], refund);
    }
}
