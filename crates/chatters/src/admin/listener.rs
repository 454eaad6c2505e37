//! The server's end of the operator's socket.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tracing::{debug, warn};

use super::{Request, socket};
use crate::delivery::CodeBoard;

/// Longer than any request.
const REQUEST_BYTES: u64 = 4096;
const REQUEST_SECS: u64 = 10;

/// Removes the socket when it is dropped.
pub(crate) struct Listener {
    listener: UnixListener,
    path: PathBuf,
    board: Arc<CodeBoard>,
}

impl Listener {
    /// Makes the socket, in place of one that a killed server left. The folder must be its owner's alone.
    pub(crate) fn bind(data: &Path, board: Arc<CodeBoard>) -> io::Result<Self> {
        let path = socket(data);
        match fs::remove_file(&path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path, board })
    }

    /// Answers requests until it is dropped.
    pub(crate) async fn run(self) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let board = Arc::clone(&self.board);
                    gateway::task::spawn(async move {
                        if let Err(error) = serve(stream, &board).await {
                            debug!(%error, "operator's connection ends");
                        }
                    });
                }
                Err(error) => {
                    warn!(%error, "no operator's connection accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Left behind it is replaced at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

async fn serve(stream: UnixStream, board: &CodeBoard) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(read.take(REQUEST_BYTES));
    tokio::time::timeout(Duration::from_secs(REQUEST_SECS), reader.read_line(&mut line)).await??;
    let Request::Codes { follow } = serde_json::from_str(&line)?;
    let mut read = reader.into_inner().into_inner();
    let mut shown = 0;
    let mut codes = board.after(shown);
    loop {
        for code in codes {
            shown = code.number;
            let mut line = serde_json::to_string(&code).expect("a code is JSON");
            line.push('\n');
            write.write_all(line.as_bytes()).await?;
        }
        if !follow {
            return Ok(());
        }
        codes = tokio::select! {
            codes = board.wait_after(shown) => codes,
            // Nothing more is expected: this is the end of whoever follows.
            _ = read.read_u8() => return Ok(()),
        };
    }
}

#[cfg(test)]
mod tests {
    use domain::Time;
    use domain::testing::ManualClock;

    use super::*;
    use crate::delivery::PendingCode;

    #[tokio::test]
    async fn codes_are_shown_to_the_owner_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let board = Arc::new(CodeBoard::new(Arc::new(ManualClock::new(Time(1_000_000))), false));
        let show = |code: &str| board.show("15550100123", code);
        show("11111");
        fs::write(socket(folder.path()), "left by a killed server").unwrap();
        let listener = Listener::bind(folder.path(), Arc::clone(&board)).unwrap();
        let mode = fs::metadata(socket(folder.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let server = gateway::task::spawn(listener.run());

        let ask = async |request: &str| {
            let mut stream = UnixStream::connect(socket(folder.path())).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            BufReader::new(stream).lines()
        };
        let code = |line: Option<String>| serde_json::from_str::<PendingCode>(&line.unwrap()).unwrap().code;

        let mut lines = ask("{\"show\":\"codes\",\"follow\":false}\n").await;
        assert_eq!(code(lines.next_line().await.unwrap()), "11111");
        assert_eq!(lines.next_line().await.unwrap(), None);

        let mut lines = ask("{\"show\":\"codes\",\"follow\":true}\n").await;
        assert_eq!(code(lines.next_line().await.unwrap()), "11111");
        show("22222");
        assert_eq!(code(lines.next_line().await.unwrap()), "22222");

        let mut lines = ask("{\"show\":\"everything\"}\n").await;
        assert_eq!(lines.next_line().await.unwrap(), None);

        server.abort();
        assert!(server.await.unwrap_err().is_cancelled());
        assert!(!socket(folder.path()).exists());
    }
}
