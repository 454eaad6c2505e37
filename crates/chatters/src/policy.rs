//! `chatters policy`: how each clause of the privacy policy is kept.

use std::io::{self, Write};

use policy::State;

use crate::cli::{ClauseState, PolicyArgs};

pub(crate) fn command(args: &PolicyArgs) -> Result<(), String> {
    let mut clauses = policy::ledger().map_err(|why| format!("the ledger: {why}"))?;
    if let Some(asked) = args.state {
        clauses.retain(|clause| state(clause.state) == asked);
    }
    // Whoever closes the pipe has seen enough.
    let _ = io::stdout().write_all(policy::render(&clauses).as_bytes());
    Ok(())
}

fn state(state: State) -> ClauseState {
    match state {
        State::Kept => ClauseState::Kept,
        State::Partial => ClauseState::Partial,
        State::Open => ClauseState::Open,
    }
}
