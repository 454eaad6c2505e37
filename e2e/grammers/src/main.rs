//! grammers as a driver of the end-to-end suite: JSON lines in, JSON lines out (drivers/base.py).

mod commands;
mod handshake;
mod rows;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::{Mutex, mpsc};

/// An error in the suite's terms.
pub struct Refused {
    kind: &'static str,
    code: i32,
    text: String,
}

impl Refused {
    pub fn new(kind: &'static str, code: i32, text: impl Into<String>) -> Self {
        Self { kind, code, text: text.into() }
    }
}

pub type Answer = Result<Value, Refused>;

/// The state that all commands share.
pub struct Driver {
    pub lines: mpsc::UnboundedSender<Value>,
    pub clients: Mutex<HashMap<String, Arc<commands::Account>>>,
    pub sessions: Mutex<HashMap<String, Arc<grammers_session::storages::MemorySession>>>,
}

#[tokio::main]
async fn main() {
    let (lines, mut to_write) = mpsc::unbounded_channel::<Value>();
    tokio::spawn(async move {
        let mut out = tokio::io::stdout();
        while let Some(row) = to_write.recv().await {
            let line = format!("{row}\n");
            if out.write_all(line.as_bytes()).await.is_err() || out.flush().await.is_err() {
                return;
            }
        }
    });
    let driver = Arc::new(Driver { lines, clients: Mutex::default(), sessions: Mutex::default() });
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = input.next_line().await {
        let request: Value = serde_json::from_str(&line).expect("the suite writes JSON lines");
        tokio::spawn(handle(Arc::clone(&driver), request));
    }
}

async fn handle(driver: Arc<Driver>, request: Value) {
    let answer = {
        let (driver, request) = (Arc::clone(&driver), request.clone());
        // A panic of the library is an answer too.
        tokio::spawn(async move { commands::run(&driver, &request).await }).await
    };
    let row = match answer {
        Ok(Ok(ok)) => json!({"id": request["id"], "ok": ok}),
        Ok(Err(e)) => {
            json!({"id": request["id"], "error": {"type": e.kind, "code": e.code, "text": e.text}})
        }
        Err(e) => json!({"id": request["id"],
            "error": {"type": "driver", "code": 0, "text": format!("the library panicked: {e}")}}),
    };
    // The suite may have gone.
    let _ = driver.lines.send(row);
}
