//! What a server tells its operator: `/healthz` and `/metrics`.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The status and the body of an answer, each without the line's end.
async fn get(address: SocketAddr, path: &str) -> Result<(String, String), String> {
    let failed = |why: std::io::Error| format!("{path}: {why}");
    let mut stream = TcpStream::connect(address).await.map_err(failed)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.map_err(failed)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| format!("{path}: half an answer"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    Ok((status.to_owned(), body.trim_end().to_owned()))
}

/// "200 ok", or "503" and a word.
pub(crate) async fn health(address: SocketAddr) -> Result<String, String> {
    let (status, word) = get(address, "/healthz").await?;
    Ok(format!("{status} {word}"))
}

/// One figure, by its name with its labels.
pub(crate) async fn figure(address: SocketAddr, name: &str) -> Result<f64, String> {
    let (_, text) = get(address, "/metrics").await?;
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    found.ok_or_else(|| format!("the server does not tell {name}"))
}
