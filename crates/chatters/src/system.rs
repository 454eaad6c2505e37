//! The system's clock and randomness: everywhere else they are arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::{Clock, Random, Time};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use tracing::warn;

/// The system's clock as it is. The server has one that never goes back: [`crate::clock::SteadyClock`].
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // A server that goes on with bytes that are not random gives its keys away: better none at all.
        getrandom::fill(bytes).expect("the system has random bytes");
    }
}

/// Lets the system write no memory of this process to a disk when it crashes: keys and messages are in it. Nor may
/// other processes of the same user look into it, root's aside (`/proc/<pid>/mem`, debuggers).
pub(crate) fn keep_memory_private() -> Result<(), String> {
    // Both: a program that takes dumps through a pipe is started whatever the limit is, and a later change of what
    // may be dumped leaves the limit.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(|why| format!("core dumps cannot be switched off: {why}"))
}

/// Files that are open besides connections: databases, logs, the operator's socket.
const OTHER_FILES: u64 = 256;

/// Lets the process have as many files as it may (services are often started with room for 1024), and says when
/// that is not enough for the connections that it is to take.
pub(crate) fn make_room(connections: usize) {
    let limit = getrlimit(Resource::Nofile);
    // Refused: then it stays as it is, and is said below.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if files < connections as u64 + OTHER_FILES {
        warn!(files, connections, "the limit of open files is lower than that of connections");
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::dumpable_behavior;

    use super::*;

    #[test]
    fn memory_stays_out_of_core_dumps() {
        keep_memory_private().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    }

    #[test]
    fn the_process_gets_all_the_files_that_it_may_have() {
        make_room(1);
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
