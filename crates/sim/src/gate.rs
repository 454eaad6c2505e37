//! The store's threads on a leash: commits happen when the simulation says so, and end as it says.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use store::{CommitFate, Faults, Work};

/// Holds the writer before each batch.
pub(crate) struct Gate {
    state: Mutex<State>,
    bell: Condvar,
}

struct State {
    permits: u32,
    read_permits: u32,
    /// Everything passes: the store is being opened or closed.
    open: bool,
    fate: CommitFate,
    writes: u32,
}

impl Default for Gate {
    fn default() -> Self {
        let state = State { permits: 0, read_permits: 0, open: false, fate: CommitFate::Commit, writes: 0 };
        Self { state: Mutex::new(state), bell: Condvar::new() }
    }
}

impl Gate {
    /// Lets one batch through.
    pub(crate) fn pass(&self, fate: CommitFate) {
        let mut state = self.lock();
        state.permits += 1;
        state.fate = fate;
        self.bell.notify_all();
    }

    /// Lets one read through.
    pub(crate) fn pass_read(&self) {
        self.lock().read_permits += 1;
        self.bell.notify_all();
    }

    /// Lets everything through from now on, with the same end.
    pub(crate) fn open(&self, fate: CommitFate) {
        let mut state = self.lock();
        state.open = true;
        state.fate = fate;
        self.bell.notify_all();
    }

    /// Whether a write was queued since this was asked last.
    pub(crate) fn take_writes(&self) -> bool {
        std::mem::take(&mut self.lock().writes) > 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults for Gate {
    fn on_commit(&self, _writes: usize) -> CommitFate {
        self.lock().fate
    }

    fn on_submit(&self, what: Work) {
        if what == Work::Write {
            self.lock().writes += 1;
        }
    }

    fn on_batch(&self) {
        let state = self.lock();
        let mut state = self
            .bell
            .wait_while(state, |state| state.permits == 0 && !state.open)
            .unwrap_or_else(PoisonError::into_inner);
        state.permits = state.permits.saturating_sub(1);
    }

    /// Without this, a read could be done before whoever asked has begun to wait, or after: two runs would
    /// take different numbers of turns.
    fn on_read(&self) {
        let state = self.lock();
        let mut state = self
            .bell
            .wait_while(state, |state| state.read_permits == 0 && !state.open)
            .unwrap_or_else(PoisonError::into_inner);
        state.read_permits = state.read_permits.saturating_sub(1);
    }
}
