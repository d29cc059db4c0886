//! The life cycles of a charge, a payment, a refund, a checkout and a dispute: one pure function each. The test at the end walks every cell.
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
//! | event ↓ / refund → | none | due | pending | succeeded | failed | canceled |
//! |---|---|---|---|---|---|---|
//! | pay out at the practice | succeeded | unchanged | unchanged | unchanged | failed | canceled |
//! | ask the provider | due | unchanged | unchanged | unchanged | failed | canceled |
//! | the provider: on its way | pending | pending | unchanged | unchanged | unchanged | canceled |
//! | the provider: arrived | succeeded | succeeded | succeeded | unchanged | failed | canceled |
//! | the provider: failed | failed | failed | failed | failed | unchanged | unchanged |
//! | cancel, paid out at the practice | not there | canceled | canceled | canceled | unchanged | unchanged |
//! | cancel, asked of the provider | not there | at the provider | at the provider | at the provider | unchanged | unchanged |
//!
//! | event ↓ / checkout → | none | started | processing | paid | failed | expired |
//! |---|---|---|---|---|---|---|
//! | start | started | unchanged | unchanged | unchanged | unchanged | unchanged |
//! | still open | not there | unchanged | unchanged | unchanged | unchanged | unchanged |
//! | processing | not there | processing | unchanged | unchanged | processing | processing |
//! | paid | not there | paid | paid | unchanged | paid | paid |
//! | failed | not there | failed | failed | unchanged | unchanged | unchanged |
//! | closed | not there | expired | failed | unchanged | unchanged | unchanged |
//!
//! | event ↓ / dispute → | none | inquiry | open | won | lost | closed |
//! |---|---|---|---|---|---|---|
//! | the bank asks a question | inquiry | unchanged | unchanged | unchanged | unchanged | unchanged |
//! | the question is over | closed | closed | unchanged | unchanged | unchanged | unchanged |
//! | the bank asks the money back | open | open | unchanged | unchanged | unchanged | open |
//! | won | won | won | won | unchanged | won | won |
//! | lost | lost | lost | lost | unchanged | unchanged | lost |
//!
//! The order in which the provider tells is not trusted: money that came counts, whatever was said before.
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
        /// The provider is asked for it.
        Due = "due",
        /// On its way.
        Pending = "pending",
        /// The money went back.
        Succeeded = "succeeded",
        /// It did not arrive.
        Failed = "failed",
        /// It was not paid out after all.
        Canceled = "canceled",
    }
}

impl RefundState {
    /// Is the money set aside or gone?
    pub const fn stands(self) -> bool {
        matches!(self, Self::Due | Self::Pending | Self::Succeeded)
    }
}

word_enum! {
    /// Where a client's way to pay on the provider's page stands.
    pub enum CheckoutState {
        /// The client may pay there.
        Started = "started",
        /// The client has paid, and the bank has not answered yet.
        Processing = "processing",
        /// The money is here.
        Paid = "paid",
        /// The bank said no.
        Failed = "failed",
        /// Nobody paid, and nobody can there any more.
        Expired = "expired",
    }
}

word_enum! {
    /// Where a payment stands that a client's bank asks about.
    pub enum DisputeState {
        /// The bank asks a question.
        Inquiry = "inquiry",
        /// The bank asks the money back.
        Open = "open",
        /// The practice keeps it.
        Won = "won",
        /// The client's bank keeps it.
        Lost = "lost",
        /// The question came to nothing.
        Closed = "closed",
    }
}

/// What the provider says of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeEvent {
    /// The bank asks a question.
    Asked,
    /// The question is over.
    Over,
    /// The bank asks the money back.
    Opened,
    /// The practice keeps it.
    Won,
    /// The client's bank keeps it.
    Lost,
}

/// What the provider says of a checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckoutEvent {
    /// The client begins.
    Start,
    /// Somebody may still pay.
    Open,
    /// The bank has not answered yet.
    Processing,
    /// The money is there.
    Paid,
    /// The bank said no, or the page could not be made.
    Failed,
    /// The page was closed.
    Closed,
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

/// Who pays a refund out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    /// The practice, by hand.
    Practice,
    /// The payment provider.
    Provider,
}

/// What happens to a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundEvent {
    /// It is paid out at the practice.
    Pay,
    /// The provider is asked for it.
    Ask,
    /// The provider says that it is on its way.
    OnItsWay,
    /// The provider says that it arrived.
    Arrived,
    /// The provider says that it did not.
    Failed,
    /// Staff take it back.
    Cancel(Payer),
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
    /// The refund failed.
    #[error("the refund failed")]
    Failed,
    /// The money is with the payment provider, which alone can say what becomes of it.
    #[error("it is with the payment provider")]
    AtProvider,
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
    use RefundState::{Canceled, Due, Failed, Pending, Succeeded};
    match (event, state) {
        (RefundEvent::Pay, None) => Ok(Step::To(Succeeded)),
        (RefundEvent::Ask, None) => Ok(Step::To(Due)),
        (RefundEvent::Pay | RefundEvent::Ask, Some(Due | Pending | Succeeded)) => Ok(Step::Unchanged),
        (RefundEvent::OnItsWay, None | Some(Due)) => Ok(Step::To(Pending)),
        (RefundEvent::OnItsWay, Some(Pending | Succeeded | Failed)) => Ok(Step::Unchanged),
        (RefundEvent::Arrived, None | Some(Due | Pending)) => Ok(Step::To(Succeeded)),
        (RefundEvent::Arrived, Some(Succeeded)) => Ok(Step::Unchanged),
        (RefundEvent::Pay | RefundEvent::Ask | RefundEvent::Arrived, Some(Failed)) => Err(Refusal::Failed),
        (RefundEvent::Failed, None | Some(Due | Pending | Succeeded)) => Ok(Step::To(Failed)),
        (RefundEvent::Cancel(_), None) => Err(Refusal::NotThere),
        (RefundEvent::Cancel(Payer::Practice), Some(Due | Pending | Succeeded)) => Ok(Step::To(Canceled)),
        (RefundEvent::Cancel(Payer::Provider), Some(Due | Pending | Succeeded)) => Err(Refusal::AtProvider),
        (RefundEvent::Failed | RefundEvent::Cancel(_), Some(Failed | Canceled)) => Ok(Step::Unchanged),
        (_, Some(Canceled)) => Err(Refusal::Canceled),
    }
}

/// What becomes of a checkout.
pub fn checkout(state: Option<CheckoutState>, event: CheckoutEvent) -> Result<Step<CheckoutState>, Refusal> {
    use CheckoutState::{Expired, Failed, Paid, Processing, Started};
    match (event, state) {
        (CheckoutEvent::Start, None) => Ok(Step::To(Started)),
        (_, None) => Err(Refusal::NotThere),
        (CheckoutEvent::Start | CheckoutEvent::Open, Some(_)) | (_, Some(Paid)) => Ok(Step::Unchanged),
        (CheckoutEvent::Processing, Some(Started | Failed | Expired)) => Ok(Step::To(Processing)),
        (CheckoutEvent::Processing, Some(Processing)) => Ok(Step::Unchanged),
        (CheckoutEvent::Paid, Some(Started | Processing | Failed | Expired)) => Ok(Step::To(Paid)),
        (CheckoutEvent::Failed, Some(Started | Processing)) => Ok(Step::To(Failed)),
        (CheckoutEvent::Closed, Some(Started)) => Ok(Step::To(Expired)),
        (CheckoutEvent::Closed, Some(Processing)) => Ok(Step::To(Failed)),
        (CheckoutEvent::Failed | CheckoutEvent::Closed, Some(Failed | Expired)) => Ok(Step::Unchanged),
    }
}

/// What becomes of a dispute.
pub fn dispute(state: Option<DisputeState>, event: DisputeEvent) -> Result<Step<DisputeState>, Refusal> {
    use DisputeState::{Closed, Inquiry, Lost, Open, Won};
    match (event, state) {
        (DisputeEvent::Asked, None) => Ok(Step::To(Inquiry)),
        (DisputeEvent::Over, None | Some(Inquiry)) => Ok(Step::To(Closed)),
        (DisputeEvent::Opened, None | Some(Inquiry | Closed)) => Ok(Step::To(Open)),
        (DisputeEvent::Won, None | Some(Inquiry | Open | Lost | Closed)) => Ok(Step::To(Won)),
        (DisputeEvent::Lost, None | Some(Inquiry | Open | Closed)) => Ok(Step::To(Lost)),
        _ => Ok(Step::Unchanged),
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
            Err(Refusal::Failed) => "failed".to_owned(),
            Err(Refusal::AtProvider) => "at the provider".to_owned(),
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
    fn every_cell_of_the_five_tables_is_what_the_functions_answer() {
        use ChargeEvent::{Post, Relieve, Void};
        walk("charge", ChargeState::ALL, &[Post, Relieve, Void], charge);
        let undo = |refunds| PaymentEvent::Undo(refunds);
        let events = [PaymentEvent::Record, PaymentEvent::Refund, undo(Refunds::None), undo(Refunds::Some)];
        walk("payment", PaymentState::ALL, &events, payment);
        let cancel = |payer| RefundEvent::Cancel(payer);
        let events = [
            RefundEvent::Pay,
            RefundEvent::Ask,
            RefundEvent::OnItsWay,
            RefundEvent::Arrived,
            RefundEvent::Failed,
            cancel(Payer::Practice),
            cancel(Payer::Provider),
        ];
        walk("refund", RefundState::ALL, &events, refund);
        use CheckoutEvent::{Closed, Failed, Open, Paid, Processing, Start};
        let events = [Start, Open, Processing, Paid, Failed, Closed];
        walk("checkout", CheckoutState::ALL, &events, checkout);
        let events = [
            DisputeEvent::Asked,
            DisputeEvent::Over,
            DisputeEvent::Opened,
            DisputeEvent::Won,
            DisputeEvent::Lost,
        ];
        walk("dispute", DisputeState::ALL, &events, dispute);
    }
}
