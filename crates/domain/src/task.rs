//! Work that goes on beside its caller.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A future as it crosses a crate boundary.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Starts a task. The one implementation that asks the runtime is in the gateway.
pub trait Spawn: Send + Sync {
    fn spawn(&self, task: BoxFuture<()>);
}

pub type SharedSpawn = Arc<dyn Spawn>;
