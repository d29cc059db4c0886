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

/// SIGTERM or SIGINT, whichever comes first.
pub async fn asked_by_the_system() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
