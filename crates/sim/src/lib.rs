//! A seeded world on one thread: clients over the server's real code, with a simulated clock, network and
//! disk, and a model of what ought to come of it.
//!
//! A seed makes a [`plan::Plan`]; [`run::run`] does what it says and checks what has to hold;
//! [`shrink::shrink`] leaves out of a plan that fails whatever it fails without. The clients' types and
//! their bookkeeping of updates are another library's (`grammers`).

mod calls;
mod check;
mod device;
mod executor;
mod gate;
mod look;
mod mirror;
mod model;
pub mod network;
mod ops;
pub mod plan;
mod random;
mod register;
pub mod run;
mod server;
pub mod shrink;
pub mod template;
mod trace;
mod world;
