//! Comparisons of secrets take the same time wherever two values differ. Time itself is not measured here,
//! which would prove little on a shared machine: the source is read.

use std::fs;
use std::path::{Path, PathBuf};

/// Where somebody else's guess meets something secret.
const PLACES: &[(&str, &str)] = &[
    // The key of a message, over the whole plaintext.
    ("mtproto/src/packet.rs", "msg_key(&large).ct_eq(&stated)"),
    // The same for the message inside of `auth.bindTempAuthKey`.
    ("mtproto/src/bind.rs", "sha1(&[&plain[..HEADER + INNER]])[4..].ct_eq(&msg_key)"),
    // The key exchange: hashes inside of what was encrypted.
    ("mtproto/src/handshake/server.rs", "sha1(&[&data[..r.position()]]).ct_eq(&hash)"),
    ("mtproto/src/handshake/client.rs", "sha1(&[&data[..r.position()]]).ct_eq(&hash)"),
    ("mtproto/src/handshake/client.rs", "key.new_nonce_hash(&self.new_nonce, number).ct_eq(&hash)"),
    // Both paddings of RSA; which of them was right, and where the data ends, is chosen without a branch.
    ("crypto/src/rsa/pad.rs", "sha256(&[&*temp_key, &*data]).ct_eq(&encrypted[PADDED..])"),
    ("crypto/src/rsa/pad.rs", "hash.ct_eq(&plain[1..21])"),
    ("crypto/src/auth_key.rs", "self.bytes.as_slice().ct_eq(other.bytes.as_slice())"),
    // A sign-in code is compared as a keyed hash: how much of two hashes agrees says nothing of the digits.
    ("store/src/codes.rs", "hash(tx, &self.id, code) == self.code_hash"),
    // Tokens, numbers and usernames are looked up by keyed hashes, for the same reason.
    ("store/src/login_tokens.rs", "let hash = hash(tx, bytes);"),
    ("store/src/users.rs", "tx.keyed_hash("),
];

/// Names of values that an ordinary comparison must not touch.
const SECRET: &[&str] = &[
    "auth_key",
    "code",
    "code_hash",
    "digest",
    "hash",
    "mac",
    "msg_key",
    "new_nonce",
    "new_nonce_hash",
    "password",
    "proof",
    "salt",
    "secret",
    "token",
];

/// Ordinary comparisons that look like the forbidden ones.
const HARMLESS: &[(&str, &str)] = &[
    // Of the query itself, which came over the wire.
    ("mtproto/src/handshake/server.rs", "*last == hash"),
    // Whoever sends a salt holds the key already, and is told the right one for the asking.
    ("mtproto/src/session/salts.rs", "salt == "),
    // A keyed hash, see above.
    ("store/src/codes.rs", "== self.code_hash"),
    // At the start, between the operator's own files.
    ("store/src/vault/mod.rs", "proof_of(root) != stored"),
    // Errors of the database, and of this server.
    ("store/src/engine/postgres.rs", "*code == SqlState::"),
    ("service/src/messages/schedule.rs", "fault.code == 420"),
    // How somebody proved who they are, not the proof itself.
    ("service/src/accounts/admit.rs", "proof == Proof::Code"),
    // The name of a device in its owner's list.
    ("service/src/accounts/devices.rs", "hash == 0"),
    ("service/src/accounts/devices.rs", "event::authorization_hash(tx, device.id) == hash"),
];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, name: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let part = entry.file_name().to_string_lossy().into_owned();
        let (path, name) = (entry.path(), format!("{name}/{part}"));
        if path.is_dir() {
            if part != "tests" {
                sources(&path, &name, files);
            }
        } else if part.ends_with(".rs")
            && part != "testing.rs"
            && let Ok(text) = fs::read_to_string(&path)
        {
            files.push((name, text));
        }
    }
}

#[test]
fn guesses_meet_secrets_in_constant_time() {
    for (file, line) in PLACES {
        let text = fs::read_to_string(crates().join(file)).unwrap_or_default();
        assert!(text.contains(line), "{file} has no longer: {line}");
    }
}

#[test]
fn no_secret_is_compared_byte_by_byte() {
    let mut files = Vec::new();
    for name in ["crypto", "mtproto", "rpc", "service", "store"] {
        sources(&crates().join(name).join("src"), &format!("{name}/src"), &mut files);
    }
    assert!(files.len() > 50, "{} files", files.len());
    let mut wrong = Vec::new();
    for (name, text) in &files {
        let code = text.lines().take_while(|line| !line.starts_with("mod tests"));
        for line in code.map(str::trim).filter(|line| !line.starts_with("//")) {
            let harmless = |known: &&(&str, &str)| known.0 == name && line.contains(known.1);
            if compares_secret(line) && !HARMLESS.iter().any(|known| harmless(&known)) {
                wrong.push(format!("{name}: {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "compare these with ct_eq:\n{}", wrong.join("\n"));
}

/// Whether a line has `==` or `!=` beside a name of [`SECRET`].
fn compares_secret(line: &str) -> bool {
    ["==", "!="].iter().any(|operator| {
        let parts: Vec<&str> = line.split(operator).collect();
        parts.windows(2).any(|pair| {
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let left = pair[0].trim_end().trim_end_matches([')', '(', ']']);
            let left = left.rsplit(|c| !is_name(c)).next().unwrap_or_default();
            let right = pair[1].trim_start();
            let end = right.find(|c: char| !is_name(c) && !"&*(.:".contains(c)).unwrap_or(right.len());
            let right = right[..end].trim_end_matches(['(', '.', ':']);
            let right = right.rsplit(|c| !is_name(c)).next().unwrap_or_default();
            SECRET.contains(&left) || SECRET.contains(&right)
        })
    })
}

#[test]
fn the_search_knows_what_it_looks_for() {
    for (line, expected) in [
        ("if msg_key(&large) == stated {", false),
        ("if sent.msg_key != stated {", true),
        ("if stated == *self.msg_key {", true),
        ("known.code_hash == hash(tx, code)", true),
        ("fault.code == 420", true),
        ("if count == 3 {", false),
        ("hash.ct_eq(&other)", false),
    ] {
        assert_eq!(compares_secret(line), expected, "{line}");
    }
}
