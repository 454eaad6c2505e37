//! The one place where tasks start.

use std::future::Future;

use domain::{BoxFuture, Spawn};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Starts tasks for those who are not on a thread of the runtime, such as the store's.
pub struct Runtime(Handle);

impl Runtime {
    /// # Panics
    /// Outside of a runtime.
    pub fn current() -> Self {
        Self(Handle::current())
    }
}

impl Spawn for Runtime {
    fn spawn(&self, task: BoxFuture<()>) {
        self.0.spawn(task);
    }
}

/// Starts a task that nobody waits for. What it holds is bounded by whoever starts it.
#[expect(clippy::disallowed_methods, reason = "this is the place that the rule names")]
pub fn spawn(future: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(future)
}

/// Runs what keeps a processor busy for milliseconds, away from the tasks that serve sockets.
///
/// # Panics
/// When `work` panics.
pub(crate) async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down: this task is about to be dropped too.
            Err(_) => std::future::pending().await,
        },
    }
}
