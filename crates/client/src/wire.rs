//! One connection: packets over a byte stream, and the key exchange on it.

use domain::SharedRandom;
use mtproto::handshake::client::{ClientConfig, ClientStep, HandshakeClient, KeyKind, Padding};
use mtproto::packet::plain;
use mtproto::session::MsgIds;
use mtproto::transport::{ClientInbound, ClientTransport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{ClientError, Config, Identity};

/// A byte stream in both directions.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

pub type BoxIo = Box<dyn Io>;

const READ_BYTES: usize = 16 * 1024;

/// A connection that speaks a transport.
pub struct Wire {
    io: BoxIo,
    transport: ClientTransport,
    random: SharedRandom,
    buffer: Vec<u8>,
}

impl Wire {
    pub async fn open(config: &Config) -> Result<Self, ClientError> {
        let random = &config.random;
        let io = config.connect.connect().await?;
        let mut fill = |bytes: &mut [u8]| random.fill(bytes);
        let transport = ClientTransport::new(config.framing, config.obfuscation.as_ref(), &mut fill);
        Ok(Self { io, transport, random: config.random.clone(), buffer: vec![0; READ_BYTES] })
    }

    /// Sends one packet.
    pub async fn send(&mut self, payload: &[u8], quick_ack: bool) -> Result<(), ClientError> {
        let mut out = Vec::new();
        let random = &self.random;
        self.transport.encode_packet(
            payload,
            quick_ack,
            &mut |bytes: &mut [u8]| random.fill(bytes),
            &mut out,
        );
        self.io.write_all(&out).await?;
        Ok(self.io.flush().await?)
    }

    /// The next thing the server sends. Cancel-safe.
    pub async fn receive(&mut self) -> Result<ClientInbound, ClientError> {
        loop {
            if let Some(inbound) = self.transport.poll_packet()? {
                return Ok(inbound);
            }
            let read = self.io.read(&mut self.buffer).await?;
            if read == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            self.transport.handle_bytes(&self.buffer[..read]);
        }
    }

    /// What has been read already and is not taken yet: does not wait, and does not look at the socket.
    pub fn received(&mut self) -> Result<Option<ClientInbound>, ClientError> {
        Ok(self.transport.poll_packet()?)
    }

    /// Agrees on a key with the server.
    pub async fn make_key(&mut self, config: &Config, kind: KeyKind) -> Result<Identity, ClientError> {
        let random = config.random.clone();
        let mut random = |bytes: &mut [u8]| random.fill(bytes);
        let mut ids = MsgIds::default();
        let exchange =
            ClientConfig { keys: config.keys.clone(), dc: config.dc, kind, padding: Padding::RsaPad };
        let (mut handshake, mut body) = HandshakeClient::start(exchange, &mut random);
        loop {
            let mut packet = Vec::new();
            // Servers do not look at the low bits of a plaintext message's identifier.
            let msg_id = ids.next(config.clock.now().0, false) & !3;
            plain::seal(msg_id, &body, &mut packet);
            self.send(&packet, false).await?;
            let answer = match self.receive().await? {
                ClientInbound::Packet(answer) => answer,
                ClientInbound::Error(code) => return Err(ClientError::Transport(code)),
                ClientInbound::QuickAck(_) => return Err(ClientError::Sealed),
            };
            let answer = plain::open(&answer).map_err(|_| ClientError::Sealed)?;
            match handshake.handle(config.clock.now().0, answer.body, &mut random)? {
                ClientStep::Send(next) => body = next,
                ClientStep::Done(made) => {
                    return Ok(Identity { key: made.key, salt: made.salt, time_offset: made.time_offset });
                }
            }
        }
    }
}
