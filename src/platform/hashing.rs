//! Password hashing: Argon2id on threads of its own, as many as there are cores.
//!
//! A hash needs 19 MiB and some ten milliseconds of a core, so strangers can ask for more of both than a
//! machine has. Therefore each thread keeps one block of memory and gives it back when it is idle; the
//! threads run at a lower priority than the pages; requests are served practice by practice; and a request
//! that would wait for longer than [`LONGEST_WAIT`] is refused at once (AVL-03).

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argon2_rust::params::Memory;
use argon2_rust::{Algorithm, Argon2, Error, Hasher, Params, Version};
use tokio::sync::oneshot;
use tokio::time::timeout;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::kernel::ids::PracticeId;
use crate::kernel::rng::Rng;
use crate::kernel::secrets::Secret;
use crate::platform::crypto::Keys;
use crate::platform::fault::Fault;

/// How costly a password hash is.
#[derive(Clone, Copy, Debug)]
pub enum HashCost {
    /// Argon2id with 19 MiB and two passes (OWASP password storage, PWD-04).
    Full,
    /// As cheap as the algorithm allows, for suites that register thousands.
    Test,
}

/// Which queue a request for a hash waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Somebody who has shown something already: a session, a link from a mail, a browser that has
    /// signed in to this account before.
    Known,
    /// Anybody.
    Stranger,
}

/// Whose turn a hash is: each practice's known people and its strangers wait in a line of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    practice: PracticeId,
    standing: Standing,
}

impl Turn {
    /// A turn among this practice's people of this standing.
    pub fn of(practice: &PracticeId, standing: Standing) -> Self {
        Self { practice: practice.clone(), standing }
    }
}

/// There is more to hash already than can be done within [`LONGEST_WAIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

impl From<QueueFull> for Fault {
    fn from(_: QueueFull) -> Self {
        Self::Busy("too many passwords wait to be checked")
    }
}

/// The queue takes as many requests as the threads finish in this time.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// A request without an answer after this time is refused: hashes took longer than estimated.
const GIVE_UP_AFTER: Duration = Duration::from_millis(3_500);
/// Where no page waits, a hash may wait for a machine that is busy with other programs.
const LONG_PATIENCE: Duration = Duration::from_secs(120);
/// A thread that had nothing to do for so long ends, and its memory goes back to the system.
const IDLE_AFTER: Duration = Duration::from_secs(10);
/// What a hash is taken to cost until the first ones were timed.
const FIRST_GUESS: Duration = Duration::from_millis(25);
/// The nice value of threads below the pages.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

tokio::task_local! {
    /// How long the work at hand waits for a hash, where that is not [`GIVE_UP_AFTER`].
    static PATIENCE: Duration;
}

/// Does work that no page waits for, such as filling the demo: its hashes wait up to two minutes.
pub async fn with_long_patience<F: Future>(work: F) -> F::Output {
    PATIENCE.scope(LONG_PATIENCE, work).await
}

/// The priority of the threads beside the rest of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Priority {
    /// Pages come first; hashing takes what is left.
    BelowPages,
    /// A hash of a test costs next to nothing, and must not wait for other processes.
    Usual,
}

/// The hashing threads and the lines before them.
#[derive(Clone)]
pub struct PasswordHashing {
    pepper: Arc<Zeroizing<[u8; 32]>>,
    argon2: Argon2,
    nobody: Arc<str>,
    pool: Arc<Pool>,
}

/// A hash of which no password is known: all zeros in place of the tag.
fn nobody(argon2: &Argon2) -> Result<String, Error> {
    argon2_rust::encode_string_alloc(
        argon2.algorithm(),
        argon2.version(),
        argon2.params(),
        &[7; 16],
        &[0; TAG_BYTES as usize],
    )
}

const TAG_BYTES: u64 = 32;

/// The dearest hash that is checked; a hash in the database never costs more (the crate would take
/// any amount of memory that a stored text asks for).
fn ceiling() -> Result<Params, Error> {
    let tag = argon2_rust::params::TagLen::bytes(TAG_BYTES);
    Params::builder().memory(Memory::mib(128)).passes(16).lanes(4).tag_len(tag).build()
}

fn normal(password: &Secret) -> Zeroizing<String> {
    Zeroizing::new(password.reveal().nfc().collect())
}

impl PasswordHashing {
    /// Hashing on as many threads as this machine has cores. None is started before it is needed.
    pub fn new(keys: &Keys, cost: HashCost) -> Result<Self, Fault> {
        let priority = match cost {
            HashCost::Full => Priority::BelowPages,
            HashCost::Test => Priority::Usual,
        };
        Self::at(priority, keys, cost)
    }

    fn at(priority: Priority, keys: &Keys, cost: HashCost) -> Result<Self, Fault> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let (memory, passes) = match cost {
            HashCost::Full => (Memory::kib(19 * 1024), 2),
            HashCost::Test => (Memory::kib(8), 1),
        };
        let wrong = |e: Error| Fault::other(format!("argon2 parameters: {e}"));
        let tag = argon2_rust::params::TagLen::bytes(TAG_BYTES);
        let params =
            Params::builder().memory(memory).passes(passes).lanes(1).tag_len(tag).build().map_err(wrong)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Ok(Self {
            pepper: keys.pepper(),
            nobody: Arc::from(nobody(&argon2).map_err(wrong)?),
            pool: Arc::new(Pool::new(argon2, cores, priority)),
            argon2,
        })
    }

    /// Hashes a new password into a PHC string.
    pub async fn hash(
        &self,
        turn: Turn,
        password: &Secret,
        rng: &dyn Rng,
    ) -> Result<Result<String, QueueFull>, Fault> {
        let mut salt = [0u8; 16];
        rng.fill(&mut salt);
        let (password, pepper) = (normal(password), self.pepper.clone());
        let hashed = self
            .pool
            .run(turn, move |hasher| {
                hasher.hash_encoded_with_ad(password.as_bytes(), &salt, pepper.as_slice(), &[])
            })
            .await;
        match hashed {
            Ok(Ok(text)) => Ok(Ok(text)),
            Ok(Err(error)) => Err(Fault::other(format!("hashing a password: {error}"))),
            Err(full) => Ok(Err(full)),
        }
    }

    /// Does the password fit? With no hash to compare (unknown sign-in name) the same work is done
    /// and the answer is no, so that the time does not reveal which names exist (RAT-04).
    pub async fn verify(
        &self,
        turn: Turn,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<Result<bool, QueueFull>, Fault> {
        let is_somebodys = hash.is_some();
        let hash = hash.unwrap_or(&self.nobody).to_owned();
        let (password, pepper) = (normal(password), self.pepper.clone());
        let ceiling = ceiling().map_err(|e| Fault::other(format!("argon2 parameters: {e}")))?;
        let checked = self
            .pool
            .run(turn, move |hasher| {
                hasher.verify_encoded_bounded_with_ad(
                    &hash,
                    password.as_bytes(),
                    pepper.as_slice(),
                    &[],
                    Algorithm::Argon2id,
                    &ceiling,
                )
            })
            .await;
        match checked {
            Ok(Ok(())) => Ok(Ok(is_somebodys)),
            Ok(Err(Error::VerifyMismatch)) => Ok(Ok(false)),
            Ok(Err(error)) => Err(Fault::Damaged(format!("a password hash: {error}"))),
            Err(full) => Ok(Err(full)),
        }
    }

    /// Was this hash made with weaker settings than today's?
    pub fn is_outdated(&self, hash: &str) -> bool {
        let today = self.argon2.params();
        argon2_rust::decode_string(hash, Algorithm::Argon2id).map_or(true, |old| {
            old.params.memory_kib() < today.memory_kib() || old.params.passes() < today.passes()
        })
    }
}

/// Hashes with the thread's memory, and says whether there was anything to do.
type Job = Box<dyn FnOnce(&mut Hasher) -> Worked + Send>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worked {
    Yes,
    /// The request was given up before its turn.
    NotWanted,
}

/// The requests of one turn that wait.
struct Line {
    turn: Turn,
    jobs: VecDeque<Job>,
}

/// Who waits, and who works.
struct Lines {
    /// Lines with a waiting request; the first is served next, and then moves to the end.
    lines: VecDeque<Line>,
    threads: usize,
    idle: usize,
    /// What a hash takes, by the clock on the wall: a moving average.
    typical: Duration,
}

impl Lines {
    fn waiting(&self, standing: Option<Standing>) -> usize {
        let counts = |line: &&Line| standing.is_none_or(|standing| line.turn.standing == standing);
        self.lines.iter().filter(counts).map(|line| line.jobs.len()).sum()
    }

    /// Places for all together.
    fn places(&self, threads: usize) -> usize {
        let each = LONGEST_WAIT.as_micros() / self.typical.as_micros().max(1);
        threads * usize::try_from(each).unwrap_or(usize::MAX / threads).clamp(2, 1_000)
    }

    /// Puts a job into its line. Half of the places are kept for known people. Where all are taken, the
    /// longest line of the same standing gives its newest place up to a practice that has fewer.
    fn admit(&mut self, turn: Turn, job: Job, threads: usize) -> Result<(), QueueFull> {
        let places = self.places(threads);
        let is_full = match turn.standing {
            Standing::Known => self.waiting(None) >= places,
            Standing::Stranger => {
                self.waiting(None) >= places || self.waiting(Some(Standing::Stranger)) >= places / 2
            }
        };
        let mine = self.lines.iter().find(|line| line.turn == turn).map_or(0, |line| line.jobs.len());
        if is_full {
            let longest = self
                .lines
                .iter_mut()
                .filter(|line| line.turn.standing == turn.standing && line.jobs.len() > mine + 1)
                .max_by_key(|line| line.jobs.len());
            // Dropping the job closes its channel, and its request is answered with "queue full".
            longest.ok_or(QueueFull)?.jobs.pop_back();
        }
        match self.lines.iter_mut().find(|line| line.turn == turn) {
            Some(line) => line.jobs.push_back(job),
            None => self.lines.push_back(Line { turn, jobs: VecDeque::from([job]) }),
        }
        Ok(())
    }

    fn next(&mut self) -> Option<Job> {
        let mut line = self.lines.pop_front()?;
        let job = line.jobs.pop_front();
        if !line.jobs.is_empty() {
            self.lines.push_back(line);
        }
        job
    }
}

struct Pool {
    argon2: Argon2,
    most_threads: usize,
    priority: Priority,
    lines: Mutex<Lines>,
    bell: Condvar,
}

impl Pool {
    fn new(argon2: Argon2, most_threads: usize, priority: Priority) -> Self {
        let lines = Lines { lines: VecDeque::new(), threads: 0, idle: 0, typical: FIRST_GUESS };
        Self { argon2, most_threads, priority, lines: Mutex::new(lines), bell: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs work on one of the threads when its turn has come.
    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        turn: Turn,
        work: impl FnOnce(&mut Hasher) -> T + Send + 'static,
    ) -> Result<T, QueueFull> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |hasher| {
            if answer.is_closed() {
                return Worked::NotWanted;
            }
            let _ = answer.send(work(hasher));
            Worked::Yes
        });
        let refused = |full: QueueFull| {
            metrics::counter!("anteroom_password_checks_refused_total").increment(1);
            full
        };
        self.enqueue(turn, job).map_err(refused)?;
        let patience = PATIENCE.try_with(|patience| *patience).unwrap_or(GIVE_UP_AFTER);
        match timeout(patience, answered).await {
            Ok(Ok(done)) => Ok(done),
            _ => Err(refused(QueueFull)),
        }
    }

    fn enqueue(self: &Arc<Self>, turn: Turn, job: Job) -> Result<(), QueueFull> {
        let mut lines = self.lock();
        lines.admit(turn, job, self.most_threads)?;
        if lines.waiting(None) > lines.idle && lines.threads < self.most_threads {
            let pool = self.clone();
            let started = std::thread::Builder::new().name("hashing".into()).spawn(move || pool.work());
            match started {
                Ok(_) => lines.threads += 1,
                // The threads that run go on; without any, requests end by `GIVE_UP_AFTER`.
                Err(error) => tracing::error!(%error, "a hashing thread could not be started"),
            }
        }
        drop(lines);
        self.bell.notify_one();
        Ok(())
    }

    /// What each thread does until it has had nothing to do for [`IDLE_AFTER`].
    fn work(&self) {
        // On Linux the nice value belongs to the thread; elsewhere it is the whole process's.
        #[cfg(target_os = "linux")]
        if self.priority == Priority::BelowPages
            && let Err(error) = rustix::process::setpriority_process(None, NICE)
        {
            tracing::debug!(%error, "hashing runs at the priority of the pages");
        }
        let mut hasher = self.argon2.hasher();
        while let Some(job) = self.next() {
            let began = Instant::now();
            match catch_unwind(AssertUnwindSafe(|| job(&mut hasher))) {
                Ok(Worked::Yes) => {
                    let mut lines = self.lock();
                    lines.typical = (lines.typical * 7 + began.elapsed()) / 8;
                }
                Ok(Worked::NotWanted) => {}
                Err(_) => hasher = self.argon2.hasher(),
            }
        }
    }

    fn next(&self) -> Option<Job> {
        let mut lines = self.lock();
        let mut waited = Duration::ZERO;
        loop {
            if let Some(job) = lines.next() {
                return Some(job);
            }
            if waited >= IDLE_AFTER {
                lines.threads -= 1;
                return None;
            }
            let began = Instant::now();
            lines.idle += 1;
            let woken = self.bell.wait_timeout(lines, IDLE_AFTER - waited);
            lines = woken.unwrap_or_else(PoisonError::into_inner).0;
            lines.idle -= 1;
            waited += began.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::rng::{Rng, SeededChance, SystemRng};

    fn practice(n: u8) -> PracticeId {
        format!("00000000-0000-7000-8000-0000000000{n:02}").parse().unwrap()
    }

    fn turn(n: u8, standing: Standing) -> Turn {
        Turn::of(&practice(n), standing)
    }

    fn lines(typical: Duration) -> Lines {
        Lines { lines: VecDeque::new(), threads: 0, idle: 0, typical }
    }

    fn job() -> Job {
        Box::new(|_| Worked::NotWanted)
    }

    #[tokio::test]
    async fn pwd_04_05_a_password_fits_however_its_accents_are_typed_and_nothing_else() {
        let hashing =
            PasswordHashing::at(Priority::Usual, &Keys::from_master(&[1; 32]), HashCost::Full).unwrap();
        let known = || turn(1, Standing::Known);
        let typed = Secret::new("caf\u{e9} by the sea".into());
        let hash = hashing.hash(known(), &typed, &SystemRng).await.unwrap().unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let fits = async |text: &str, hash: Option<&str>| {
            hashing.verify(known(), &Secret::new(text.to_owned()), hash).await.unwrap().unwrap()
        };
        assert!(fits("cafe\u{301} by the sea", Some(&hash)).await);
        assert!(!fits("Caf\u{e9} by the sea", Some(&hash)).await);
        assert!(!fits("caf\u{e9} by the sea ", Some(&hash)).await);
        assert!(!fits("caf\u{e9} by the sea", None).await);
        assert!(!hashing.is_outdated(&hash));
        assert!(hashing.is_outdated(&hash.replace("m=19456", "m=9728")));
        let other_key =
            PasswordHashing::at(Priority::Usual, &Keys::from_master(&[2; 32]), HashCost::Full).unwrap();
        assert!(!other_key.verify(known(), &typed, Some(&hash)).await.unwrap().unwrap(), "the pepper counts");
    }

    #[tokio::test]
    async fn a_stored_hash_that_cannot_be_read_is_a_fault_and_no_wrong_password() {
        let hashing = PasswordHashing::new(&Keys::from_master(&[1; 32]), HashCost::Test).unwrap();
        let typed = Secret::new("kettle on a sill".into());
        for stored in ["", "nonsense", "$argon2id$v=19$m=4194304,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$AAAA"] {
            let checked = hashing.verify(turn(1, Standing::Known), &typed, Some(stored)).await;
            assert!(matches!(checked, Err(Fault::Damaged(_))), "{stored}: {checked:?}");
        }
    }

    /// RFC 9106, section 5.3.
    #[test]
    fn the_crate_computes_what_the_rfc_says() {
        let params = Params::builder()
            .memory(Memory::kib(32))
            .passes(3)
            .lanes(4)
            .tag_len(argon2_rust::params::TagLen::bytes(32))
            .build()
            .unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let tag = argon2.hash_with_ad(&[1; 32], &[2; 16], &[3; 8], &[4; 12]).unwrap();
        let expected = [
            0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b, 0x53, 0xc9,
            0xd0, 0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5, 0x25, 0x20, 0xe9, 0x6b, 0x01, 0xe6, 0x59,
        ];
        assert_eq!(tag, expected);
    }

    /// A second implementation as the oracle: the one that is used has had no independent audit.
    #[test]
    fn a_second_implementation_computes_the_same() {
        let rng = SeededChance::new(9_106);
        let bytes = |length: usize| {
            let mut bytes = vec![0u8; length];
            rng.fill(&mut bytes);
            bytes
        };
        let full =
            PasswordHashing::at(Priority::Usual, &Keys::from_master(&[1; 32]), HashCost::Full).unwrap();
        let mut hasher = full.argon2.hasher();
        for round in 0..60u32 {
            let number = |most: u32| u32::from(bytes(1)[0]) % most;
            // Our own parameters in each tenth round, any others between.
            let (memory, passes, lanes) = match round % 10 {
                0 => (19 * 1024, 2, 1),
                _ => (32 + number(200), 1 + number(4), 1 + number(4)),
            };
            let (password, salt) = (bytes(number(255) as usize), bytes(8 + number(40) as usize));
            let (secret, ad) = (bytes(number(33) as usize), bytes(number(20) as usize));
            let params = Params::builder()
                .memory(Memory::kib(memory.into()))
                .passes(passes)
                .lanes(lanes)
                .tag_len(argon2_rust::params::TagLen::bytes(32))
                .build()
                .unwrap();
            hasher.set_argon2(Argon2::new(Algorithm::Argon2id, Version::V0x13, params));
            let ours = hasher.hash_with_ad(&password, &salt, &secret, &ad).unwrap();
            let params = argon2::ParamsBuilder::new()
                .m_cost(memory)
                .t_cost(passes)
                .p_cost(lanes)
                .data(argon2::AssociatedData::new(&ad).unwrap())
                .build()
                .unwrap();
            let oracle = argon2::Argon2::new_with_secret(
                &secret,
                argon2::Algorithm::Argon2id,
                argon2::Version::V0x13,
                params,
            )
            .unwrap();
            let mut theirs = [0u8; 32];
            oracle.hash_password_into(&password, &salt, &mut theirs).unwrap();
            assert_eq!(ours, theirs, "m={memory} t={passes} p={lanes}");
        }
    }

    #[test]
    fn three_seconds_of_work_are_let_in_and_half_of_it_from_strangers() {
        let mut lines = lines(Duration::from_millis(100));
        let admitted = |lines: &mut Lines, standing, most: usize| {
            (0..most).take_while(|_| lines.admit(turn(1, standing), job(), 2).is_ok()).count()
        };
        assert_eq!(
            admitted(&mut lines, Standing::Stranger, 100),
            30,
            "2 threads, 10 a second, 3 s, one half"
        );
        assert_eq!(admitted(&mut lines, Standing::Known, 100), 30);
        assert_eq!(lines.waiting(None), 60);
    }

    #[test]
    fn practices_are_served_in_turn_and_a_flood_gives_way_to_another_practice() {
        let mut lines = lines(Duration::from_millis(100));
        while lines.admit(turn(1, Standing::Stranger), job(), 2).is_ok() {}
        let full = lines.waiting(None);
        assert_eq!(lines.admit(turn(2, Standing::Stranger), job(), 2), Ok(()));
        assert_eq!(lines.admit(turn(1, Standing::Known), job(), 2), Ok(()));
        assert_eq!(lines.waiting(Some(Standing::Stranger)), full, "the flood gave up one place");
        let order: Vec<Turn> = (0..4)
            .map(|_| {
                let turn = lines.lines[0].turn.clone();
                lines.next();
                turn
            })
            .collect();
        let flood = turn(1, Standing::Stranger);
        assert_eq!(order, [flood.clone(), turn(2, Standing::Stranger), turn(1, Standing::Known), flood]);
    }

    #[tokio::test]
    async fn avl_03_a_flood_is_refused_at_once_and_a_known_device_is_still_let_in() {
        let hashing =
            PasswordHashing::at(Priority::Usual, &Keys::from_master(&[1; 32]), HashCost::Full).unwrap();
        let typed = Secret::new("kettle on a sill".into());
        let began = Instant::now();
        let flood: Vec<_> = (0..3_000)
            .map(|_| {
                let (hashing, typed) = (hashing.clone(), typed.clone());
                tokio::spawn(async move { hashing.verify(turn(1, Standing::Stranger), &typed, None).await })
            })
            .collect();
        tokio::task::yield_now().await;
        let known = hashing.verify(turn(2, Standing::Known), &typed, None).await.unwrap();
        assert_eq!(known, Ok(false), "a known device's password was looked at");
        assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        let mut refused = 0;
        for one in flood {
            refused += usize::from(one.await.unwrap().unwrap().is_err());
        }
        assert!(refused > 2_000, "only {refused} of 3,000 were refused");
        assert!(began.elapsed() < Duration::from_secs(8), "somebody waited: {:?}", began.elapsed());
        let lines = hashing.pool.lock();
        assert!(lines.threads <= hashing.pool.most_threads && lines.waiting(None) == 0);
    }

    #[tokio::test]
    async fn a_hash_waits_as_long_as_the_work_that_asks_for_it() {
        let hashing = PasswordHashing::new(&Keys::from_master(&[1; 32]), HashCost::Test).unwrap();
        let slow = |patience| {
            let pool = hashing.pool.clone();
            PATIENCE.scope(patience, async move {
                let work = |_: &mut Hasher| std::thread::sleep(Duration::from_millis(50));
                pool.run(turn(1, Standing::Known), work).await
            })
        };
        assert_eq!(slow(Duration::from_millis(1)).await, Err(QueueFull));
        assert_eq!(slow(Duration::from_secs(60)).await, Ok(()));
    }

    #[tokio::test]
    async fn a_panic_in_a_hash_costs_no_thread() {
        let hashing = PasswordHashing::new(&Keys::from_master(&[1; 32]), HashCost::Test).unwrap();
        for _ in 0..20 {
            let panicked: Result<(), QueueFull> =
                hashing.pool.run(turn(1, Standing::Known), |_| panic!("on purpose")).await;
            assert_eq!(panicked, Err(QueueFull));
        }
        let typed = Secret::new("kettle on a sill".into());
        assert_eq!(hashing.verify(turn(1, Standing::Known), &typed, None).await.unwrap(), Ok(false));
    }
}
