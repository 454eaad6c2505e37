//! Libraries that stand between the server and the system, and what drives them while it runs.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A preloaded library that reads one number.
pub(crate) struct Shim {
    library: PathBuf,
    variable: &'static str,
    path: PathBuf,
    file: File,
}

impl Shim {
    /// The process's clock, moved by seconds.
    pub(crate) fn clock(folder: &Path) -> Result<Self, String> {
        Self::build("clock.c", "E2E_CLOCK_FILE", folder)
    }

    /// The process's disk, failing with an errno.
    pub(crate) fn disk(folder: &Path) -> Result<Self, String> {
        Self::build("disk.c", "CRASH_DISK_FILE", folder)
    }

    fn build(source: &str, variable: &'static str, folder: &Path) -> Result<Self, String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/shim").join(source);
        let (library, path) = (folder.join("shim.so"), folder.join("shim"));
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
        let status = compiler.status().map_err(|why| format!("cc: {why}"))?;
        if !status.success() {
            return Err(format!("cc {}: {status}", source.display()));
        }
        fs::write(&path, 0_i64.to_le_bytes()).map_err(|why| why.to_string())?;
        let file = File::options().write(true).open(&path).map_err(|why| why.to_string())?;
        Ok(Self { library, variable, path, file })
    }

    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let text = |path: &Path| path.display().to_string();
        vec![("LD_PRELOAD".to_owned(), text(&self.library)), (self.variable.to_owned(), text(&self.path))]
    }

    pub(crate) fn set(&self, number: i64) -> Result<(), String> {
        self.file.write_all_at(&number.to_ne_bytes(), 0).map_err(|why| why.to_string())
    }
}
