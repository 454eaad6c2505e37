//! Bytes that no client sends, and connections that end anywhere.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Server, noise, query, soon};

/// Writes the bytes, closes its half and reads what comes until the server closes, too.
async fn throw(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    answer
}

#[tokio::test]
async fn noise_does_no_harm() {
    let server = Server::start().await;
    let client = server.client().await;
    println!("seeds 0..200");
    for seed in 0..200_u64 {
        // Half of them begin as a transport does.
        let beginning: &[u8] = match seed % 8 {
            0 => &[0xef],
            1 => &[0xee; 4],
            2 => &[0xdd; 4],
            3 => b"POST /api HTTP/1.1\r\n\r\n",
            _ => &[],
        };
        let rest = noise(seed, 1 + (seed as usize * 37) % 600);
        throw(&server, &[beginning, &rest].concat()).await;
    }
    assert_eq!(soon(client.call(query(9, &[]))).await.unwrap(), query(9, &[]));
}

#[tokio::test]
async fn tls_where_there_is_none_is_closed() {
    let server = Server::start().await;
    let hello = [[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3].as_slice(), &[7; 64]].concat();
    assert!(throw(&server, &hello).await.is_empty());
}

#[tokio::test]
async fn a_length_without_bytes_is_not_waited_for() {
    let server = Server::start().await;
    for bytes in [
        [0xee, 0xee, 0xee, 0xee, 0xff, 0xff, 0xff, 0x7f].as_slice(),
        &[0xdd, 0xdd, 0xdd, 0xdd, 0xff, 0xff, 0xff, 0x7f],
        &[0xef, 0x7f, 0xff, 0xff, 0xff],
        &[0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0],
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "{bytes:?} is kept open");
    }
}

#[tokio::test]
async fn plaintext_that_is_no_key_exchange_is_refused() {
    let server = Server::start().await;
    for body in [query(0x1234_5678, &[1, 2]), query(0xbe7e_8ef1, &[1]), vec![]] {
        let mut packet = vec![0; 8];
        packet.extend_from_slice(&(4_i64 << 32).to_le_bytes());
        packet.extend_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
        packet.extend_from_slice(&body);
        let length = u32::try_from(packet.len()).unwrap().to_le_bytes();
        let answer = throw(&server, &[&[0xee; 4], length.as_slice(), &packet].concat()).await;
        assert_eq!(answer, [4_i32.to_le_bytes(), (-404_i32).to_le_bytes()].concat(), "{body:?}");
    }
}
