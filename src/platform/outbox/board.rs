//! The mails in hand and whose turn it is: no practice holds more than its share of connections while
//! others wait, and one connection is never given to a practice that has others.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::claims::{Claim, InHand};
use crate::kernel::ids::{MailId, PracticeId};

/// A practice with fewer mails waiting here than this is given more …
pub(super) const LOW: usize = 32;
/// … in batches of this many, shared with the others.
pub(super) const BATCH: usize = 32;
/// No more than this many wait here in all.
const MOST: usize = 1_024;

/// How far a conversation about a mail has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The connection is being opened: a matter of the server and not of this mail.
    Opening,
    /// Sender and recipient are said, since this moment. Nothing is lost by giving up.
    Envelope(Instant),
    /// The text is on its way: giving up now may make a copy.
    Text,
    /// Given up, to make room.
    GivenUp,
    /// Over; its outcome is being written.
    Settling,
}

struct Running {
    practice: PracticeId,
    attempt: i32,
    tries: i32,
    phase: Phase,
    give_up: Arc<Notify>,
}

struct Queue {
    waiting: VecDeque<Claim>,
    talking: usize,
    /// Since when it has mails waiting and none in a conversation.
    starved_since: Instant,
}

/// See the module.
pub(super) struct Board {
    connections: usize,
    queues: BTreeMap<PracticeId, Queue>,
    running: HashMap<MailId, Running>,
    waiting: usize,
    served_last: Option<PracticeId>,
}

impl Board {
    pub(super) fn new(connections: usize) -> Self {
        Self { connections, queues: BTreeMap::new(), running: HashMap::new(), waiting: 0, served_last: None }
    }

    /// Puts claimed mails into their practices' queues.
    pub(super) fn add(&mut self, claims: Vec<Claim>, now: Instant) {
        for claim in claims {
            self.waiting += 1;
            let fresh = || Queue { waiting: VecDeque::new(), talking: 0, starved_since: now };
            let queue = self.queues.entry(claim.practice_id.clone()).or_insert_with(fresh);
            if queue.waiting.is_empty() {
                queue.starved_since = now;
            }
            queue.waiting.push_back(claim);
        }
    }

    /// How many conversations one practice may have now: a fair part of them while others have mail
    /// here too, else all but one, so that the next practice need not wait for an end.
    fn share(&self) -> usize {
        match self.queues.len() {
            0 | 1 => self.connections.saturating_sub(1).max(1),
            practices => (self.connections / practices).max(1),
        }
    }

    /// The next mail, practice by practice in turn, and what tells its sender to give it up.
    pub(super) fn next(&mut self) -> Option<(Claim, Arc<Notify>)> {
        if self.is_busy() {
            return None;
        }
        let share = self.share();
        let is_next = |queue: &Queue| !queue.waiting.is_empty() && queue.talking < share;
        let behind = match &self.served_last {
            Some(last) => (Bound::Excluded(last.clone()), Bound::Unbounded),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        let practice = self
            .queues
            .range(behind)
            .find(|(_, queue)| is_next(queue))
            .or_else(|| self.queues.iter().find(|(_, queue)| is_next(queue)))
            .map(|(practice, _)| practice.clone())?;
        let queue = self.queues.get_mut(&practice)?;
        let claim = queue.waiting.pop_front()?;
        queue.talking += 1;
        self.waiting -= 1;
        let give_up = Arc::new(Notify::new());
        self.running.insert(
            claim.mail_id.clone(),
            Running {
                practice: practice.clone(),
                attempt: claim.attempt,
                tries: claim.tries,
                phase: Phase::Opening,
                give_up: give_up.clone(),
            },
        );
        self.served_last = Some(practice);
        Some((claim, give_up))
    }

    /// Its sender and recipient are being said.
    pub(super) fn says_envelope(&mut self, mail: &MailId, now: Instant) {
        if let Some(running) = self.running.get_mut(mail) {
            running.phase = Phase::Envelope(now);
        }
    }

    /// Its text is about to go. `false` when it was given up in this moment.
    pub(super) fn says_text(&mut self, mail: &MailId) -> bool {
        match self.running.get_mut(mail) {
            Some(running) if running.phase != Phase::GivenUp => {
                running.phase = Phase::Text;
                true
            }
            _ => false,
        }
    }

    /// The conversation about it is over; it stays in hand until its outcome is written.
    pub(super) fn over(&mut self, mail: &MailId, now: Instant) {
        let Some(running) = self.running.get_mut(mail) else { return };
        running.phase = Phase::Settling;
        let practice = running.practice.clone();
        if let Some(queue) = self.queues.get_mut(&practice) {
            queue.talking = queue.talking.saturating_sub(1);
            queue.starved_since = now;
            if queue.talking == 0 && queue.waiting.is_empty() {
                self.queues.remove(&practice);
            }
        }
    }

    /// Its outcome is written.
    pub(super) fn settled(&mut self, mail: &MailId) {
        self.running.remove(mail);
    }

    /// Everything that waits, to be given back.
    pub(super) fn take_waiting(&mut self) -> Vec<Claim> {
        let mut all = Vec::with_capacity(self.waiting);
        for queue in self.queues.values_mut() {
            all.extend(queue.waiting.drain(..));
        }
        self.queues.retain(|_, queue| queue.talking > 0);
        self.waiting = 0;
        for claim in &all {
            self.running.insert(
                claim.mail_id.clone(),
                Running {
                    practice: claim.practice_id.clone(),
                    attempt: claim.attempt,
                    tries: claim.tries,
                    phase: Phase::Settling,
                    give_up: Arc::new(Notify::new()),
                },
            );
        }
        all
    }

    /// Practices that have enough waiting here, so that claiming passes them over; `None` when all
    /// have.
    pub(super) fn full(&self) -> Option<Vec<PracticeId>> {
        if self.waiting >= MOST {
            return None;
        }
        let full = self.queues.iter().filter(|(_, queue)| queue.waiting.len() >= LOW);
        Some(full.map(|(practice, _)| practice.clone()).collect())
    }

    /// Is a practice about to run dry?
    pub(super) fn is_low(&self, practice: &PracticeId) -> bool {
        self.queues.get(practice).is_none_or(|queue| queue.waiting.len() < LOW)
    }

    /// All mails in hand with their fencing numbers.
    pub(super) fn in_hand(&self) -> InHand {
        let waiting = self.queues.values().flat_map(|queue| &queue.waiting);
        let waiting = waiting.map(|c| (c.mail_id.clone(), (c.practice_id.clone(), c.attempt)));
        let running = self.running.iter().map(|(mail, r)| (mail.clone(), (r.practice.clone(), r.attempt)));
        waiting.chain(running).collect()
    }

    /// Does every connection talk about a mail?
    fn is_busy(&self) -> bool {
        self.queues.values().map(|queue| queue.talking).sum::<usize>() >= self.connections
    }

    /// When a practice has waited this long for its first conversation, one that hangs as long before
    /// its text gives up: of the practice that has most, the oldest. The last conversation of a
    /// practice is taken from a mail only at its first try, so that a slow server still gets its mail.
    pub(super) fn make_room(&mut self, now: Instant, patience: Duration) {
        let long_ago = |since: Instant| now.saturating_duration_since(since) >= patience;
        let starved = |q: &Queue| !q.waiting.is_empty() && q.talking == 0 && long_ago(q.starved_since);
        if !self.is_busy() || !self.queues.values().any(starved) {
            return;
        }
        let talking = |practice: &PracticeId| self.queues.get(practice).map_or(0, |queue| queue.talking);
        let hangs = self.running.iter().filter_map(|(mail, running)| match running.phase {
            Phase::Envelope(since) if long_ago(since) => {
                let talking = talking(&running.practice);
                (talking > 1 || running.tries == 0).then_some((talking, now - since, mail))
            }
            _ => None,
        });
        let Some(mail) = hangs.max_by_key(|(talking, hung, _)| (*talking, *hung)).map(|(.., m)| m.clone())
        else {
            return;
        };
        self.give_up(&mail);
    }

    /// Ends what has hung before its text for this long: the process is to stop.
    pub(super) fn end_hung(&mut self, now: Instant, patience: Duration) {
        let hung = |phase: Phase| matches!(phase, Phase::Envelope(since) if now - since >= patience);
        let mails: Vec<MailId> =
            self.running.iter().filter(|(_, r)| hung(r.phase)).map(|(mail, _)| mail.clone()).collect();
        for mail in mails {
            self.give_up(&mail);
        }
    }

    fn give_up(&mut self, mail: &MailId) {
        if let Some(running) = self.running.get_mut(mail) {
            running.phase = Phase::GivenUp;
            running.give_up.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Timestamp;
    use crate::kernel::rng::SystemRng;

    const PATIENCE: Duration = Duration::from_secs(2);

    fn practices(count: i64) -> Vec<PracticeId> {
        let at = |n: i64| Timestamp::from_micros(1_796_137_200_000_000 + n * 1_000_000);
        (0..count).map(|n| PracticeId::fresh(&SystemRng, at(n))).collect()
    }

    fn mails(practice: &PracticeId, count: usize, tries: i32) -> Vec<Claim> {
        let now = Timestamp::from_micros(1_796_137_200_000_000);
        let one = || Claim {
            practice_id: practice.clone(),
            mail_id: MailId::fresh(&SystemRng, now),
            kind: "access.invitation".into(),
            chart_id: None,
            access_id: None,
            recipient: "ana@example.com".into(),
            payload: None,
            attempt: 1,
            tries,
            message_id: String::new(),
            created_at: now,
            first_try_at: None,
        };
        (0..count).map(|_| one()).collect()
    }

    /// As many as are given out now.
    fn given(board: &mut Board, now: Instant) -> Vec<Claim> {
        let mut given = Vec::new();
        while let Some((claim, _)) = board.next() {
            board.says_envelope(&claim.mail_id, now);
            given.push(claim);
        }
        given
    }

    #[test]
    fn a_practice_alone_leaves_one_connection_free_and_two_share() {
        let (now, p) = (Instant::now(), practices(2));
        let mut board = Board::new(4);
        board.add(mails(&p[0], 20, 0), now);
        let first = given(&mut board, now);
        assert_eq!(first.len(), 3);
        board.add(mails(&p[1], 20, 0), now);
        let of = |claims: Vec<Claim>| claims.into_iter().map(|claim| claim.practice_id).collect::<Vec<_>>();
        assert_eq!(of(given(&mut board, now)), [p[1]], "the free one");
        board.over(&first[0].mail_id, now);
        assert_eq!(of(given(&mut board, now)), [p[1]], "its half");
        board.over(&first[1].mail_id, now);
        assert_eq!(of(given(&mut board, now)), [p[0]], "and no more");
    }

    #[test]
    fn a_server_of_one_connection_is_used() {
        let (now, p) = (Instant::now(), practices(1));
        let mut board = Board::new(1);
        board.add(mails(&p[0], 2, 0), now);
        assert_eq!(given(&mut board, now).len(), 1);
    }

    #[test]
    fn practices_take_turns() {
        let (now, p) = (Instant::now(), practices(3));
        let mut board = Board::new(1);
        for practice in &p {
            board.add(mails(practice, 2, 0), now);
        }
        let mut turns = Vec::new();
        while let Some((claim, _)) = board.next() {
            board.over(&claim.mail_id, now);
            board.settled(&claim.mail_id);
            turns.push(claim.practice_id);
        }
        let twice: Vec<PracticeId> = p.iter().chain(&p).cloned().collect();
        assert_eq!(turns, twice);
        assert!(board.in_hand().is_empty());
    }

    #[test]
    fn what_hangs_makes_room_for_a_practice_that_has_nothing() {
        let (now, p) = (Instant::now(), practices(3));
        let mut board = Board::new(4);
        board.add(mails(&p[0], 20, 1), now);
        board.add(mails(&p[1], 20, 1), now);
        assert_eq!(given(&mut board, now).len(), 4);
        board.add(mails(&p[2], 1, 0), now);
        assert!(board.next().is_none());
        board.make_room(now + Duration::from_secs(1), PATIENCE);
        assert!(board.running.values().all(|r| r.phase != Phase::GivenUp), "not yet");
        let later = now + Duration::from_secs(2);
        board.make_room(later, PATIENCE);
        let cut: Vec<MailId> =
            board.running.iter().filter(|(_, r)| r.phase == Phase::GivenUp).map(|(m, _)| m.clone()).collect();
        assert_eq!(cut.len(), 1);
        assert!(!board.says_text(&cut[0]), "it cannot go on");
        board.over(&cut[0], later);
        assert_eq!(board.next().map(|(claim, _)| claim.practice_id), Some(p[2].clone()));
    }

    #[test]
    fn what_sends_its_text_and_the_last_one_of_a_practice_tried_before_go_on() {
        let (now, p) = (Instant::now(), practices(3));
        let mut board = Board::new(2);
        board.add(mails(&p[0], 1, 1), now);
        board.add(mails(&p[1], 1, 0), now);
        let (claim, _) = board.next().unwrap();
        board.says_envelope(&claim.mail_id, now);
        let (claim, _) = board.next().unwrap();
        board.says_envelope(&claim.mail_id, now);
        assert!(board.says_text(&claim.mail_id));
        board.add(mails(&p[2], 1, 0), now);
        board.make_room(now + Duration::from_secs(60), PATIENCE);
        assert!(board.running.values().all(|r| r.phase != Phase::GivenUp));
    }

    #[test]
    fn only_practices_with_little_in_hand_are_given_more() {
        let (now, p) = (Instant::now(), practices(2));
        let mut board = Board::new(4);
        board.add(mails(&p[0], LOW, 0), now);
        board.add(mails(&p[1], 3, 0), now);
        assert_eq!(board.full(), Some(vec![p[0].clone()]));
        assert_eq!(board.in_hand().len(), LOW + 3);
        assert_eq!(board.take_waiting().len(), LOW + 3);
        assert_eq!(board.full(), Some(vec![]));
        assert_eq!(board.in_hand().len(), LOW + 3, "until they are written back");
    }
}
