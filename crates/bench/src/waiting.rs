//! Waiting for what a server process writes.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

/// So often is looked: a start is measured in milliseconds.
const PAUSE: Duration = Duration::from_millis(1);
const TRIES: usize = 30_000;

/// What a server announced in its ready file.
pub(crate) fn announcement(ready: &Path, child: &mut Child) -> Result<Value, String> {
    for _ in 0..TRIES {
        if let Some(announced) = fs::read(ready).ok().and_then(|json| serde_json::from_slice(&json).ok()) {
            return Ok(announced);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("the server ended at once: {status}"));
        }
        sleep(PAUSE);
    }
    Err("the server did not start".to_owned())
}

/// The last sign-in code for a number that stands in a server's output.
pub(crate) async fn code(output: &Path, phone: &str) -> Result<String, String> {
    for _ in 0..TRIES {
        let text = fs::read_to_string(output).unwrap_or_default();
        let code = text.lines().rev().find_map(|line| {
            let (number, code) = line.strip_prefix("code: ")?.split_once(' ')?;
            (number == phone).then(|| code.to_owned())
        });
        if let Some(code) = code {
            return Ok(code);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err("no code came".to_owned())
}
