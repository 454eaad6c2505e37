//! What clients have to be told: address, data centre, public key; as text, as JSON, and as the lines that
//! each client library needs.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;

use mtproto::RsaPublicKey;
use pkcs1::RsaPublicKeyRef;
use pkcs1::der::Document;
use serde::{Deserialize, Serialize};

use crate::cli::KeyArgs;

/// The file in the data folder that holds the last announcement, for `chatters key`.
const FILE: &str = "server.json";

/// All that a client needs, and all of it public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Announcement {
    /// An IP address.
    pub(crate) address: String,
    pub(crate) port: u16,
    pub(crate) dc: i32,
    /// The public key's fingerprint, signed, as clients compare it.
    pub(crate) fingerprint: i64,
    /// The public key, PKCS#1, without a final newline.
    pub(crate) public_key: String,
    /// The modulus of the public key: 512 hexadecimal digits.
    pub(crate) modulus: String,
    pub(crate) exponent: u32,
    /// The process that serves.
    pub(crate) pid: u32,
    /// Where figures can be read. For whoever has started the server, and no client: only in the ready file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metrics: Option<SocketAddr>,
}

impl Announcement {
    pub(crate) fn new(address: SocketAddr, dc: i32, key: &RsaPublicKey) -> Self {
        Self {
            address: address.ip().to_string(),
            port: address.port(),
            dc,
            fingerprint: key.fingerprint(),
            public_key: key.to_pem(),
            modulus: hex(&modulus(&key.to_pem())),
            exponent: 65_537,
            pid: std::process::id(),
            metrics: None,
        }
    }

    /// One JSON object on one line.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers are JSON")
    }

    /// Keeps the announcement for `chatters key`, and in `ready_file` for whoever waits for the server.
    pub(crate) fn save(&self, data: &Path, ready_file: Option<&Path>) -> io::Result<()> {
        write_whole(&data.join(FILE), &Self { metrics: None, ..self.clone() }.json())?;
        ready_file.map_or(Ok(()), |path| write_whole(path, &self.json()))
    }

    pub(crate) fn load(data: &Path) -> Result<Self, String> {
        let path = data.join(FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|why| format!("{}: {why} (start the server once first)", path.display()))?;
        serde_json::from_str(&text).map_err(|why| format!("{}: {why}", path.display()))
    }

    /// The stable form that people and programs read: `name: value` lines, the public key, and for each
    /// client library what to put into it.
    pub(crate) fn text(&self) -> String {
        let Self { address, port, dc, fingerprint, public_key, modulus, exponent, .. } = self;
        let mut text = format!(
            "address: {address}:{port}\ndc: {dc}\nfingerprint: {fingerprint}\npublic key:\n{public_key}\n"
        );
        for Recipe { client, lines } in RECIPES {
            let lines = lines
                .replace("{address}", address)
                .replace("{port}", &port.to_string())
                .replace("{dc}", &dc.to_string())
                .replace("{fingerprint}", &fingerprint.to_string())
                .replace("{modulus}", modulus)
                .replace("{exponent}", &exponent.to_string())
                .replace("{public_key}", public_key)
                .replace("{public_key_line}", &public_key.replace('\n', "\\n"));
            // Writing to a string does not fail.
            let _ = write!(text, "\n# {client}\n{lines}\n");
        }
        text
    }
}

/// How a client library is pointed at a server.
struct Recipe {
    client: &'static str,
    lines: &'static str,
}

const RECIPES: &[Recipe] = &[
    Recipe {
        client: "Telethon",
        lines: r#"from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.sessions import StringSession
rsa.add_key("{public_key_line}", old=False)
session = StringSession(); session.set_dc({dc}, "{address}", {port})
client = TelegramClient(session, 1, "a" * 32)"#,
    },
    Recipe {
        client: "Kurigram",
        lines: r#"import pyrogram, pyrogram.crypto.rsa as rsa
rsa.server_public_keys[{fingerprint}] = rsa.PublicKey(0x{modulus}, {exponent})
class Connection(pyrogram.connection.Connection):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{**kwargs, "server_address": "{address}", "port": {port}})
client = pyrogram.Client("chatters", api_id=1, api_hash="a" * 32, connection_factory=Connection)"#,
    },
    Recipe {
        client: "Pyrogram",
        lines: r#"import pyrogram, pyrogram.crypto.rsa as rsa, pyrogram.connection.connection as connection
rsa.server_public_keys[{fingerprint}] = rsa.PublicKey(0x{modulus}, {exponent})
connection.DataCenter = lambda *args, **kwargs: ("{address}", {port})
client = pyrogram.Client("chatters", api_id=1, api_hash="a" * 32)"#,
    },
    Recipe {
        client: "mtcute (Node)",
        lines: r#"import { MemoryStorage, TelegramClient } from '@mtcute/node'
import { addPublicKey } from '@mtcute/core/utils.js'
import { NodeCryptoProvider } from '@mtcute/node/utils.js'
const crypto = new NodeCryptoProvider(); await crypto.initialize?.()
addPublicKey(crypto, '{public_key_line}')
const dc = { id: {dc}, ipAddress: '{address}', port: {port} }
const client = new TelegramClient({ apiId: 1, apiHash: 'a'.repeat(32), crypto, storage: new MemoryStorage(),
  defaultDcs: { main: dc, media: { ...dc, mediaOnly: true } } })"#,
    },
    Recipe {
        client: "GramJS",
        lines: r#"const { TelegramClient } = require('telegram'), { StringSession } = require('telegram/sessions')
const { PromisedNetSockets } = require('telegram/extensions'), bigInt = require('big-integer')
require('telegram/crypto/RSA')._serverKeys.set('{fingerprint}',
  { fingerprint: bigInt('{fingerprint}'), n: bigInt('{modulus}', 16), e: {exponent} })
class Socket extends PromisedNetSockets { connect(port, ip) { return super.connect({port}, ip) } }
const session = new StringSession(''); session.setDC({dc}, '{address}', {port})
const client = new TelegramClient(session, 1, 'a'.repeat(32), { networkSocket: Socket })"#,
    },
    Recipe {
        client: "grammers (the key's arm in grammers-mtproto, authentication::key_for_fingerprint)",
        lines: r#"{fingerprint} => Some(Key { n: BigUint::parse_bytes(b"{modulus}", 16)?, e: BigUint::from({exponent}u32) }),
let ipv4 = "{address}:{port}".parse()?;
session.set_dc_option(&DcOption { id: {dc}, ipv4, ipv6, auth_key: None }).await?;
session.set_home_dc_id({dc}).await?;"#,
    },
    Recipe {
        client: "TDLib (the public key takes the place of the PEM in the library, byte for byte)",
        lines: r#"{"@type": "addProxy", "enable": true, "comment": "", "proxy": {"@type": "proxy",
 "server": "{address}", "port": {port}, "type": {"@type": "proxyTypeMtproto", "secret": "<a proxy secret>"}}}"#,
    },
];

/// `chatters key`
pub(crate) fn key(args: &KeyArgs) -> Result<(), String> {
    let announcement = Announcement::load(&args.data.data)?;
    let text = match (args.pem, args.json) {
        (true, _) => announcement.public_key.clone() + "\n",
        (_, true) => announcement.json() + "\n",
        _ => announcement.text(),
    };
    // Whoever closes the pipe has seen enough.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(())
}

/// Never leaves half a file for a reader to see.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".part");
    std::fs::write(&partial, text)?;
    std::fs::rename(&partial, path)
}

/// The modulus of a PKCS#1 public key, big-endian: the libraries of Pyrogram's family and GramJS want it bare.
fn modulus(pem: &str) -> Vec<u8> {
    let (_, document) = Document::from_pem(pem).expect("the key was just encoded");
    let key: RsaPublicKeyRef<'_> = document.decode_msg().expect("the key was just encoded");
    key.modulus.as_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement() -> Announcement {
        Announcement {
            address: "192.0.2.7".to_owned(),
            port: 4430,
            dc: 2,
            fingerprint: -42,
            public_key: "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----".to_owned(),
            modulus: "c0ffee".to_owned(),
            exponent: 65_537,
            pid: 1,
            metrics: None,
        }
    }

    #[test]
    fn the_text_begins_with_what_programs_read() {
        let text = announcement().text();
        let expected = "address: 192.0.2.7:4430\ndc: 2\nfingerprint: -42\npublic key:\n-----BEGIN RSA PUBLIC \
                        KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n\n# Telethon\n";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn the_modulus_is_that_of_the_key() {
        let mut seed = 7_u8;
        let key = mtproto::RsaPrivateKey::generate(&mut |bytes: &mut [u8]| {
            for byte in bytes {
                seed = seed.wrapping_mul(141).wrapping_add(3);
                *byte = seed;
            }
        });
        let announcement = Announcement::new("192.0.2.7:1".parse().unwrap(), 2, key.public());
        assert_eq!(announcement.modulus.len(), 512);
        assert!(announcement.modulus.as_bytes()[0] >= b'8', "the highest of 2048 bits is set");
        assert_eq!(announcement.public_key.len(), 425);
    }

    #[test]
    fn every_recipe_is_filled_in() {
        let text = announcement().text();
        for name in ["address", "port", "dc", "fingerprint", "modulus", "exponent", "public_key"] {
            assert!(!text.contains(&format!("{{{name}")), "{name} in {text}");
        }
        for client in ["Telethon", "Kurigram", "Pyrogram", "mtcute", "GramJS", "grammers", "TDLib"] {
            assert!(text.contains(&format!("\n# {client}")), "{client}");
        }
    }

    #[test]
    fn what_is_saved_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready.json");
        announcement().save(folder.path(), Some(&ready)).unwrap();
        assert_eq!(Announcement::load(folder.path()).unwrap(), announcement());
        assert_eq!(std::fs::read_to_string(&ready).unwrap(), announcement().json());
        let private = Announcement { metrics: Some("127.0.0.1:9430".parse().unwrap()), ..announcement() };
        private.save(folder.path(), Some(&ready)).unwrap();
        assert_eq!(Announcement::load(folder.path()).unwrap(), announcement(), "clients are not told");
        assert!(std::fs::read_to_string(ready).unwrap().contains("\"metrics\":\"127.0.0.1:9430\""));
        assert!(
            Announcement::load(&folder.path().join("elsewhere")).unwrap_err().contains("start the server")
        );
    }
}
