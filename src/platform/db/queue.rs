//! Work that waits for a thread with a connection. The queue is bounded, serves practices in turn, and
//! gives a place up when its client has gone or has waited long enough: what has not begun never runs.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use crate::kernel::ids::PracticeId;
use crate::platform::db::connect::Conn;
use crate::platform::fault::Fault;

/// What a unit of work answers, and the unit itself, with their types taken off: threads, transactions
/// and retries are compiled once instead of once a query, which is a good part of a build's time and of
/// the program's size.
#[derive(Debug)]
pub struct Answer {
    value: Box<dyn Any + Send>,
    bells: Vec<Arc<Notify>>,
}

impl Answer {
    /// This value; the bells ring when it is acknowledged.
    pub fn new(value: impl Any + Send, bells: Vec<Arc<Notify>>) -> Self {
        Self { value: Box::new(value), bells }
    }

    /// Puts the type on again.
    pub fn unpack<T: 'static>(self) -> Result<T, Fault> {
        match self.value.downcast() {
            Ok(value) => Ok(*value),
            Err(_) => Err(Fault::other("a unit of work answered with another type than it was asked for")),
        }
    }
}

/// A unit may be run again after a failure, so it has no effect outside the database.
pub type Unit = Box<dyn FnMut(&mut Conn) -> Result<Answer, Fault> + Send>;

/// Whose turn a unit takes: a practice's, or that of the machinery, which works across practices.
pub type Turn = Option<PracticeId>;

/// What a unit does, and in whose company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It only reads.
    Read,
    /// It reads a few rows by their keys.
    ReadByKey,
    /// It writes, and may share its transaction with others that wait at the same time.
    Write,
    /// It writes for long, so it has a transaction to itself.
    WriteAlone,
}

/// A unit that waits or runs.
pub struct Job {
    /// The work.
    pub unit: Unit,
    /// Reading or writing.
    pub manner: Manner,
    answer: oneshot::Sender<Result<Answer, Fault>>,
    ticket: u64,
}

impl Job {
    /// Wakes the workers that wait for this unit, then gives the answer to the caller, unless it has gone.
    pub fn finish(self, mut outcome: Result<Answer, Fault>) {
        if let Ok(answer) = &mut outcome {
            answer.bells.drain(..).for_each(|bell| bell.notify_one());
        }
        let _ = self.answer.send(outcome);
    }
}

/// See the module.
pub struct Queue {
    state: Mutex<State>,
    /// One for each thread, so that the one which slept last is woken: its caches are warm.
    beds: Vec<Condvar>,
    most: usize,
}

#[derive(Default)]
struct State {
    waiting: HashMap<Turn, VecDeque<Job>>,
    turns: VecDeque<Turn>,
    length: usize,
    tickets: u64,
    asleep: Vec<usize>,
    /// Threads that are awake and about to look. Each of them finds a unit without being woken, which
    /// saves a wake-up, and leaves the other threads' connections cold.
    looking: usize,
    is_closed: bool,
    /// Why nothing runs at the moment.
    away: Option<String>,
}

impl Queue {
    /// For this many threads, with room for `most` units that wait.
    pub fn new(threads: usize, most: usize) -> Arc<Self> {
        let beds = (0..threads).map(|_| Condvar::new()).collect();
        let state = State { looking: threads, ..State::default() };
        Arc::new(Self { state: Mutex::new(state), beds, most })
    }

    /// No code of others runs under the lock, so a panic elsewhere leaves the state whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a thread at most this long, then for the answer as long as it takes.
    pub async fn run(
        &self,
        turn: Turn,
        manner: Manner,
        unit: Unit,
        patience: Duration,
    ) -> Result<Answer, Fault> {
        let (answer, mut receiver) = oneshot::channel();
        let ticket = self.push(turn.clone(), manner, unit, answer)?;
        let mut place = Place { queue: self, turn, ticket, is_held: true };
        let outcome = match tokio::time::timeout(patience, &mut receiver).await {
            Ok(outcome) => outcome,
            Err(_) if place.give_up() => return Err(self.why_late()),
            Err(_) => receiver.await,
        };
        place.is_held = false;
        outcome.map_err(|_| Fault::Ended("the database closed before it answered".into()))?
    }

    fn push(
        &self,
        turn: Turn,
        manner: Manner,
        unit: Unit,
        answer: oneshot::Sender<Result<Answer, Fault>>,
    ) -> Result<u64, Fault> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(Fault::Busy("the database is closing"));
        }
        if state.length >= self.most {
            return Err(late(&state));
        }
        state.tickets += 1;
        state.length += 1;
        let ticket = state.tickets;
        let job = Job { unit, manner, answer, ticket };
        let state = &mut *state;
        let of_turn = state.waiting.entry(turn.clone()).or_default();
        if of_turn.is_empty() {
            state.turns.push_back(turn);
        }
        of_turn.push_back(job);
        self.wake_if_needed(state);
        Ok(ticket)
    }

    fn wake_if_needed(&self, state: &mut State) {
        if state.length > state.looking
            && let Some(sleeper) = state.asleep.pop()
        {
            state.looking += 1;
            self.beds[sleeper].notify_one();
        }
    }

    fn why_late(&self) -> Fault {
        late(&self.lock())
    }

    /// Blocks until something waits; `false` when the queue was closed. `thread` counts from 0.
    pub fn wait(&self, thread: usize) -> bool {
        let mut state = self.lock();
        loop {
            if state.length > 0 {
                return true;
            }
            if state.is_closed {
                return false;
            }
            state.looking -= 1;
            state.asleep.push(thread);
            state = self.beds[thread].wait(state).unwrap_or_else(PoisonError::into_inner);
            // A wake-up by another thread took this one off the list; a spurious one did not.
            if let Some(at) = state.asleep.iter().position(|other| *other == thread) {
                state.asleep.remove(at);
                state.looking += 1;
            }
        }
    }

    /// The next in turn, for a thread that was looking and is not while it runs this.
    pub fn pop(&self) -> Option<Job> {
        let mut state = self.lock();
        let job = take(&mut state, |_| true)?;
        state.looking -= 1;
        self.wake_if_needed(&mut state);
        Some(job)
    }

    /// The next in turn, if it may share the transaction that the thread has begun.
    pub fn pop_to_join(&self) -> Option<Job> {
        take(&mut self.lock(), |job| job.manner != Manner::WriteAlone)
    }

    /// This thread looks for work again soon. Called before a unit is answered, since the answer often
    /// brings the next unit.
    pub fn look_again(&self) {
        self.lock().looking += 1;
    }

    /// Tells one that waits that it cannot be done.
    pub fn refuse_one(&self, fault: Fault) {
        if let Some(job) = self.pop() {
            self.look_again();
            job.finish(Err(fault));
        }
    }

    /// This thread does not look for a while, though it took nothing.
    pub fn look_away(&self) {
        let mut state = self.lock();
        state.looking -= 1;
        self.wake_if_needed(&mut state);
    }

    /// Takes a unit that has not begun off the queue, if it is still there. The caller drops it, outside
    /// the lock: it may hold the last handle of this very database.
    fn withdraw(&self, turn: &Turn, ticket: u64) -> Option<Job> {
        let mut state = self.lock();
        let state = &mut *state;
        let of_turn = state.waiting.get_mut(turn)?;
        let at = of_turn.iter().position(|job| job.ticket == ticket)?;
        let withdrawn = of_turn.remove(at);
        if of_turn.is_empty() {
            state.waiting.remove(turn);
            state.turns.retain(|other| other != turn);
        }
        state.length -= 1;
        withdrawn
    }

    /// How many units wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.lock().length
    }

    /// Says why nothing runs, or that it does again.
    pub fn set_away(&self, why: Option<String>) {
        self.lock().away = why;
    }

    /// Ends every thread once what waits is done.
    pub fn close(&self) {
        self.lock().is_closed = true;
        for bed in &self.beds {
            bed.notify_all();
        }
    }
}

fn take(state: &mut State, may: impl Fn(&Job) -> bool) -> Option<Job> {
    let turn = state.turns.front()?.clone();
    let of_turn = state.waiting.get_mut(&turn)?;
    if !of_turn.front().is_some_and(may) {
        return None;
    }
    let job = of_turn.pop_front();
    let is_over = of_turn.is_empty();
    state.turns.pop_front();
    if is_over {
        state.waiting.remove(&turn);
    } else {
        state.turns.push_back(turn);
    }
    state.length -= 1;
    job
}

fn late(state: &State) -> Fault {
    match &state.away {
        Some(why) => Fault::Unavailable(why.clone()),
        None => Fault::Busy("every database connection is taken"),
    }
}

/// A place in the queue, given up when the waiting future is dropped: its client has gone.
struct Place<'q> {
    queue: &'q Queue,
    turn: Turn,
    ticket: u64,
    is_held: bool,
}

impl Place<'_> {
    /// `true` if the unit had not begun.
    fn give_up(&mut self) -> bool {
        self.is_held = false;
        self.queue.withdraw(&self.turn, self.ticket).is_some()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.is_held {
            self.give_up();
        }
    }
}
