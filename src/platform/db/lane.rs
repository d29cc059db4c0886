//! Threads that own a connection each, and the queue before them. A connection keeps its thread, so its
//! prepared statements and its pages stay where they are used.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::platform::db::connect::Conn;
use crate::platform::db::queue::{Answer, Manner, Queue, Turn, Unit};
use crate::platform::fault::Fault;

/// See the module.
pub struct Lane {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

impl Lane {
    /// Starts one thread for each worker.
    pub fn start<W>(name: &str, queue: &Arc<Queue>, workers: Vec<W>) -> Result<Self, Fault>
    where
        W: FnOnce() + Send + 'static,
    {
        let mut lane = Self { queue: queue.clone(), threads: Vec::new() };
        for worker in workers {
            let thread = std::thread::Builder::new().name(name.to_owned()).spawn(worker).map_err(|e| {
                Fault::Other("a thread of the database does not start".into(), Some(e.into()))
            })?;
            lane.threads.push(thread);
        }
        Ok(lane)
    }

    /// See [`Queue::run`].
    pub async fn run(
        &self,
        turn: Turn,
        manner: Manner,
        unit: Unit,
        patience: Duration,
    ) -> Result<Answer, Fault> {
        self.queue.run(turn, manner, unit, patience).await
    }
}

impl Lane {
    /// How many units wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }
}

impl Drop for Lane {
    /// Waits for the threads, so that the connections are closed when the last handle is gone. A unit may
    /// hold that handle; its own thread cannot wait for itself, so then the drop does not wait.
    fn drop(&mut self) {
        self.queue.close();
        let here = std::thread::current().id();
        if self.threads.iter().any(|thread| thread.thread().id() == here) {
            return;
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Runs a unit; a panic in it is its own failure, not the thread's.
pub fn guarded(unit: &mut Unit, conn: &mut Conn) -> Result<Answer, Fault> {
    catch_unwind(AssertUnwindSafe(|| unit(conn)))
        .unwrap_or_else(|_| Err(Fault::other("a unit of work panicked; its transaction is rolled back")))
}
