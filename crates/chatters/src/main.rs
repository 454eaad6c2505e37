//! The server and its operator's tools in one binary.

mod admin;
mod announce;
mod backup;
mod cli;
mod clock;
mod config;
mod delivery;
mod doctor;
mod jobs;
mod logs;
mod methods;
mod metrics;
mod policy;
mod process;
mod serve;
mod server_key;
mod system;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

/// Also for SQLite: the allocator of the C library took an eighth of the time that a message costs, and keeps
/// more of what was freed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Before anything is read: several commands open keys.
    if let Err(why) = system::keep_memory_private() {
        eprintln!("chatters: {why}");
        return ExitCode::FAILURE;
    }
    let done = match Cli::parse().command {
        Command::Serve(args) => serve::command(&args),
        Command::Codes(args) => admin::codes(&args),
        Command::Key(args) => announce::key(&args),
        Command::Policy(args) => policy::command(&args),
        Command::Methods(args) => methods::command(&args),
        Command::Doctor(args) => doctor::command(&args),
        Command::Backup(args) => backup::take(&args),
        Command::Restore(args) => backup::restore(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("chatters: {why}");
            ExitCode::FAILURE
        }
    }
}
