//! One program with every fuzz target; the variable `FUZZ_TARGET` names the one to run.
//!
//! With `FUZZ_TARGET=list` it prints the names, with `FUZZ_SEEDS=FOLDER` it writes the seeds of every
//! target into folders there. Everything else is libFuzzer's: flags, corpora, `-help=1`. Built by `run.sh`.
//!
//! An input must not make its target panic, nor take more memory than the target's bound allows, which is a
//! multiple of the input's own length and a constant. Time and the whole process's memory are bounded by
//! flags.

#![no_main]

mod input;
mod targets;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use peak_alloc::PeakAlloc;

use crate::targets::{TARGETS, Target};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

static CHOSEN: OnceLock<&Target> = OnceLock::new();

fuzz_target!(init: prepare(), |data: &[u8]| run(data));

fn prepare() {
    if let Ok(folder) = std::env::var("FUZZ_SEEDS") {
        for target in TARGETS {
            let folder = std::path::Path::new(&folder).join(target.name);
            std::fs::create_dir_all(&folder).expect("the folder can be made");
            for (name, seed) in (target.seeds)() {
                std::fs::write(folder.join(name), seed).expect("the seed can be written");
            }
        }
        std::process::exit(0);
    }
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        for target in TARGETS {
            println!("{}", target.name);
        }
        std::process::exit(i32::from(name != "list"));
    };
    // Tables that are built on first use are nobody's input.
    (target.warm)();
    (target.run)(&[]);
    CHOSEN.get_or_init(|| target);
}

fn run(data: &[u8]) {
    let Some(target) = CHOSEN.get() else { return };
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    (target.run)(data);
    let taken = MEMORY.peak_usage().saturating_sub(before);
    let allowed = data.len() * target.growth + target.slack;
    assert!(taken <= allowed, "{taken} bytes taken for {}, {allowed} allowed", data.len());
}
