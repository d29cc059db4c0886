//! One signal that everything which runs on listens to: "finish what you have in hand, then end".

use tokio::sync::watch;

/// Gives the signal.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// Waits for it.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// A signal that has not been given yet.
pub fn signal() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// From now on everybody ends. A [`Stopper`] that is dropped gives the signal too.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Was it given?
    pub fn is_given(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until it is given.
    pub async fn given(&self) {
        let mut receiver = self.0.clone();
        // An error means that the giver is gone, which is a stop as well.
        let _ = receiver.wait_for(|given| *given).await;
    }

    /// For machinery that watches by itself.
    pub fn receiver(&self) -> watch::Receiver<bool> {
        self.0.clone()
    }

    /// Sleeps, but not past the signal; `false` when it was given.
    pub async fn sleep(&self, time: std::time::Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(time) => !self.is_given(),
            () = self.given() => false,
        }
    }
}

/// SIGTERM and SIGINT. From the moment that this is made none of them ends the program by itself.
pub struct AskedBySystem {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl AskedBySystem {
    /// Begins to listen; inside a runtime. An error says that signals cannot be had.
    pub fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Returns with the next one.
    pub async fn asked(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
