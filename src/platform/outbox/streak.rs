//! Several recipients refused in the same words, and none accepted in between: then the mail server
//! refuses us, and the refusals say nothing about those addresses. So a refusal is held back for a moment
//! before it marks an address.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::claims::{Claim, SendOutcome};

/// So many recipients make it the server's trouble.
const SEVERAL: usize = 3;
/// How long a refusal is held back at most.
const HOLD: Duration = Duration::from_secs(2);

/// What is to be done now.
#[derive(Debug, Default)]
pub(super) struct Due {
    /// To be written.
    pub outcomes: Vec<(Claim, SendOutcome)>,
    /// The server's trouble with us has just become plain.
    pub pause: bool,
}

/// See the module.
#[derive(Default)]
pub(super) struct Streak {
    words: String,
    recipients: HashSet<String>,
    held: Vec<(Instant, Claim, SendOutcome)>,
}

impl Streak {
    fn is_trouble(&self) -> bool {
        self.recipients.len() >= SEVERAL
    }

    /// A recipient was taken: whatever was refused before was refused for itself.
    pub(super) fn accepted(&mut self) -> Due {
        let held = std::mem::take(self).held;
        Due { outcomes: held.into_iter().map(|(_, claim, outcome)| (claim, outcome)).collect(), pause: false }
    }

    /// A recipient was refused for good in these words.
    pub(super) fn refused(&mut self, claim: Claim, outcome: SendOutcome, words: &str, now: Instant) -> Due {
        let mut due = Due::default();
        if self.words != words {
            due = self.accepted();
            words.clone_into(&mut self.words);
        }
        let was_trouble = self.is_trouble();
        // One that was refused before counts only while the server refuses everybody: else three dead
        // addresses of one list would be tried for two days.
        if claim.tries == 0 {
            self.recipients.insert(claim.recipient.to_lowercase());
        }
        if self.is_trouble() {
            due.pause = !was_trouble;
            let held = self.held.drain(..).map(|(_, claim, _)| claim);
            let later =
                || SendOutcome::Deferred { code: String::new(), reason: "mail-reason-sender-refused" };
            due.outcomes.extend(held.chain([claim]).map(|claim| (claim, later())));
        } else if claim.tries > 0 {
            due.outcomes.push((claim, outcome));
        } else {
            self.held.push((now, claim, outcome));
        }
        due
    }

    /// What was held long enough. Its recipients still count.
    pub(super) fn ripe(&mut self, now: Instant) -> Vec<(Claim, SendOutcome)> {
        let is_ripe = |at: &Instant| now.saturating_duration_since(*at) >= HOLD;
        let (ripe, held) = std::mem::take(&mut self.held).into_iter().partition(|(at, ..)| is_ripe(at));
        self.held = held;
        let ripe: Vec<_> = ripe;
        ripe.into_iter().map(|(_, claim, outcome)| (claim, outcome)).collect()
    }

    /// Everything that is held, when the worker stops.
    pub(super) fn rest(&mut self) -> Vec<(Claim, SendOutcome)> {
        std::mem::take(&mut self.held).into_iter().map(|(_, claim, outcome)| (claim, outcome)).collect()
    }

    /// Until when there is nothing to do.
    pub(super) fn next(&self) -> Option<Instant> {
        self.held.iter().map(|(at, ..)| *at + HOLD).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Timestamp;
    use crate::kernel::ids::{MailId, PracticeId};
    use crate::kernel::rng::SystemRng;
    use crate::platform::mail::refusal::About;

    fn claim(recipient: &str, tries: i32) -> Claim {
        let now = Timestamp::from_micros(1_796_137_200_000_000);
        Claim {
            practice_id: PracticeId::fresh(&SystemRng, now),
            mail_id: MailId::fresh(&SystemRng, now),
            kind: "access.invitation".into(),
            chart_id: None,
            access_id: None,
            recipient: recipient.into(),
            payload: None,
            attempt: 1,
            tries,
            message_id: String::new(),
            created_at: now,
            first_try_at: None,
        }
    }

    fn never() -> SendOutcome {
        SendOutcome::Undeliverable {
            code: "5.1.1".into(),
            reason: "mail-reason-no-mailbox",
            about: About::Mailbox,
        }
    }

    fn of(outcomes: &[(Claim, SendOutcome)]) -> (usize, usize) {
        let final_ones = |o: &&(Claim, SendOutcome)| matches!(o.1, SendOutcome::Undeliverable { .. });
        let count = outcomes.iter().filter(final_ones).count();
        (count, outcomes.len() - count)
    }

    #[test]
    fn a_refusal_counts_once_another_recipient_is_taken_or_a_moment_has_gone_by() {
        let (mut streak, now) = (Streak::default(), Instant::now());
        assert_eq!(of(&streak.refused(claim("a@x.example", 0), never(), "no", now).outcomes), (0, 0));
        assert_eq!(of(&streak.accepted().outcomes), (1, 0));
        streak.refused(claim("b@x.example", 0), never(), "no", now);
        assert!(streak.ripe(now + HOLD / 2).is_empty());
        assert_eq!(of(&streak.ripe(now + HOLD)), (1, 0));
        assert_eq!(streak.next(), None);
    }

    #[test]
    fn the_same_words_for_several_recipients_are_nobodys_fault() {
        let (mut streak, now) = (Streak::default(), Instant::now());
        streak.refused(claim("a@x.example", 0), never(), "no", now);
        let again = streak.refused(claim("A@x.example", 0), never(), "no", now);
        assert_eq!((of(&again.outcomes), again.pause), ((0, 0), false), "one recipient twice");
        streak.refused(claim("b@x.example", 0), never(), "no", now);
        let third = streak.refused(claim("c@x.example", 0), never(), "no", now);
        assert_eq!((of(&third.outcomes), third.pause), ((0, 4), true));
        let fourth = streak.refused(claim("d@x.example", 0), never(), "no", now);
        assert_eq!((of(&fourth.outcomes), fourth.pause), ((0, 1), false), "the pause is begun once");
        streak.accepted();
        let retried = streak.refused(claim("a@x.example", 1), never(), "no", now);
        assert_eq!(of(&retried.outcomes), (1, 0), "the server takes mail and refuses this one");
    }

    #[test]
    fn other_words_begin_anew() {
        let (mut streak, now) = (Streak::default(), Instant::now());
        streak.refused(claim("a@x.example", 0), never(), "no", now);
        streak.refused(claim("b@x.example", 0), never(), "no", now);
        let other = streak.refused(claim("c@x.example", 0), never(), "full", now);
        assert_eq!((of(&other.outcomes), other.pause), ((2, 0), false));
        assert_eq!(of(&streak.rest()), (1, 0));
    }
}
