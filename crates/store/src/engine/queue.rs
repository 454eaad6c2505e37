//! Closures on their way to a database thread, and their answers on the way back.

use tokio::sync::oneshot;

use crate::{StoreError, Tx};

/// A closure whose type has been forgotten.
pub(crate) trait Job: Send {
    /// Runs the closure. True: its changes stay; false: they are undone.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;

    /// Replaces whatever the outcome was.
    fn fail(&mut self, error: StoreError);

    /// Hands the outcome to whoever waits for it.
    fn answer(self: Box<Self>);
}

pub(crate) struct Task<F, T, E> {
    closure: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Task<F, T, E> {
    pub(crate) fn new(closure: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Self { closure: Some(closure), outcome: None, reply }, answer)
    }
}

impl<F, T, E> Job for Task<F, T, E>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let Some(closure) = self.closure.take() else { return false };
        let mut outcome = closure(tx);
        if outcome.is_ok()
            && let Err(error) = tx.settle()
        {
            outcome = Err(error.into());
        }
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn fail(&mut self, error: StoreError) {
        self.outcome = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>) {
        let outcome = self.outcome.unwrap_or_else(|| Err(StoreError::Closed.into()));
        // Whoever asked may have gone away; the write stands all the same.
        drop(self.reply.send(outcome));
    }
}

/// Fails and answers jobs that cannot be run.
pub(crate) fn refuse(jobs: impl IntoIterator<Item = Box<dyn Job>>, error: &StoreError) {
    for mut job in jobs {
        job.fail(match error {
            StoreError::Unavailable(why) => StoreError::Unavailable(why.clone()),
            error => StoreError::unavailable(error),
        });
        job.answer();
    }
}
