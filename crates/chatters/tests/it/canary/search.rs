//! Looking for something in bytes, in every form in which a program may have written it down.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;

/// What must not be found.
pub(super) enum Planted {
    /// Letters and digits of ASCII.
    Text(String),
    /// A phone number in the international form, without the plus sign.
    Phone(String),
    /// A few digits, such as a sign-in code: found only where they stand alone.
    Digits(String),
    /// Bytes of a key or a token; any run of 32 of them counts.
    Secret(Vec<u8>),
}

/// Bytes of a secret that are looked for together.
const PIECE: usize = 32;

struct Needle {
    what: String,
    form: String,
    finder: Finder<'static>,
    /// Digits beside it would make it a part of another number.
    alone: bool,
}

#[derive(Default)]
pub(super) struct Search {
    needles: Vec<Needle>,
}

/// Something that was found.
pub(super) struct Finding {
    file: PathBuf,
    what: String,
    form: String,
    offset: usize,
    around: String,
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, what, form, offset, around } = self;
        write!(f, "{what} as {form} in {} at {offset}: {around}", file.display())
    }
}

impl Search {
    /// Looks for `planted` too; `what` is its name in findings.
    pub(super) fn add(&mut self, what: &str, planted: &Planted) {
        let alone = matches!(planted, Planted::Digits(_));
        for (form, bytes) in forms(planted) {
            let finder = Finder::new(&bytes).into_owned();
            self.needles.push(Needle { what: what.to_owned(), form, finder, alone });
        }
    }

    /// All that is in a folder and below, but for the folders in `except`. Gives the findings and how many
    /// bytes were looked at.
    pub(super) fn folder(&self, folder: &Path, except: &[PathBuf]) -> (Vec<Finding>, u64) {
        let (mut findings, mut bytes) = (Vec::new(), 0);
        for file in files(folder, except) {
            // A database may take a file away under our hands.
            let content = fs::read(&file).unwrap_or_default();
            bytes += content.len() as u64;
            findings.extend(self.bytes(&file, &content));
        }
        (findings, bytes)
    }

    /// The first place of each form in some bytes. The name of a file counts as well.
    pub(super) fn bytes(&self, name: &Path, content: &[u8]) -> Vec<Finding> {
        let own_name = name.file_name().unwrap_or_default().as_encoded_bytes();
        let mut findings = Vec::new();
        for needle in &self.needles {
            let hit = |haystack: &[u8]| {
                let mut places = needle.finder.find_iter(haystack);
                places.find(|at| !needle.alone || stands_alone(haystack, *at, needle.finder.needle().len()))
            };
            let place =
                hit(content).map(|at| (at, content)).or_else(|| hit(own_name).map(|at| (at, own_name)));
            if let Some((offset, haystack)) = place {
                let end = (offset + 100).min(haystack.len());
                findings.push(Finding {
                    file: name.to_owned(),
                    what: needle.what.clone(),
                    form: needle.form.clone(),
                    offset,
                    around: haystack[offset.saturating_sub(40)..end].escape_ascii().to_string(),
                });
            }
        }
        findings
    }
}

/// Every file of a folder and below.
pub(super) fn files(folder: &Path, except: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type());
        if except.contains(&path) {
            continue;
        }
        match kind {
            Ok(kind) if kind.is_dir() => found.extend(files(&path, except)),
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
    found
}

/// Hex digits in a row that are sealed bytes in a database's own log. Some digits of a code turn up in megabytes of
/// them by chance; a code that was written down as hex has a form of its own.
const HEX_RUN: usize = 24;
/// The longest code.
const CODE_DIGITS: usize = 6;

/// No part of a longer number, of a fraction of a second, of a port or of bytes in hex.
fn stands_alone(haystack: &[u8], at: usize, length: usize) -> bool {
    let is_hex = |byte: &&u8| byte.is_ascii_hexdigit();
    let left = haystack[..at].iter().rev().take(HEX_RUN).take_while(is_hex).count();
    let right = haystack[at + length..].iter().take(HEX_RUN).take_while(is_hex).count();
    if left + right >= HEX_RUN && length <= CODE_DIGITS {
        return false;
    }
    let before = at.checked_sub(1).and_then(|before| haystack.get(before));
    let after = haystack.get(at + length);
    !before.is_some_and(|byte| byte.is_ascii_digit() || b":.".contains(byte))
        && !after.is_some_and(u8::is_ascii_digit)
}

/// Each form with its name. What is packed (gzip, a database's compression of long rows) has no form of its
/// own: whoever plants keeps texts too short to be packed.
pub(super) fn forms(planted: &Planted) -> Vec<(String, Vec<u8>)> {
    let mut forms = Vec::new();
    let mut add = |name: &str, bytes: Vec<u8>| forms.push((name.to_owned(), bytes));
    match planted {
        Planted::Text(text) => {
            for (case, text) in [("lower case", text.to_lowercase()), ("upper case", text.to_uppercase())] {
                written(&mut add, case, text.as_bytes());
                for (name, wide) in utf16(&text) {
                    add(&format!("{name}, {case}"), wide);
                }
            }
        }
        Planted::Phone(digits) => {
            // Without the country code, so that it is found also where that stands apart.
            let national = &digits[digits.len() - 10..];
            written(&mut add, "digits", national.as_bytes());
            for (name, wide) in utf16(national) {
                add(name, wide);
            }
            for (name, digits) in [("number", digits.as_str()), ("national number", national)] {
                let number: i64 = digits.parse().unwrap();
                add(&format!("{name}, little end first"), number.to_le_bytes().to_vec());
                add(&format!("{name}, big end first"), number.to_be_bytes().to_vec());
            }
        }
        Planted::Digits(digits) => {
            add("digits", digits.clone().into_bytes());
            add("hex", hex(digits.as_bytes()).into_bytes());
        }
        Planted::Secret(bytes) => {
            for piece in bytes.chunks_exact(PIECE) {
                written(&mut add, "bytes", piece);
            }
        }
    }
    forms
}

/// The bytes as they are, as base64 and as hex.
fn written(add: &mut impl FnMut(&str, Vec<u8>), name: &str, bytes: &[u8]) {
    add(name, bytes.to_vec());
    add(&format!("hex of {name}"), hex(bytes).into_bytes());
    add(&format!("HEX of {name}"), hex(bytes).to_uppercase().into_bytes());
    for (skip, text) in base64(bytes).into_iter().enumerate() {
        add(&format!("base64 of {name} from byte {skip}"), text.clone().into_bytes());
        let url = text.replace('+', "-").replace('/', "_");
        if url != text {
            add(&format!("base64url of {name} from byte {skip}"), url.into_bytes());
        }
    }
}

fn utf16(text: &str) -> [(&'static str, Vec<u8>); 2] {
    [
        ("UTF-16LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("UTF-16BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base64 of the middle, for each of the three places that the beginning can fall on.
fn base64(bytes: &[u8]) -> Vec<String> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |bytes: &[u8]| -> String {
        let (groups, _) = bytes.as_chunks::<3>();
        let words = groups.iter().map(|&[a, b, c]| u32::from_be_bytes([0, a, b, c]));
        words
            .flat_map(|word| [18, 12, 6, 0].map(|by| char::from(LETTERS[(word >> by) as usize & 63])))
            .collect()
    };
    (0..3).map(|skip| encode(&bytes[skip..])).collect()
}

/// What a program might have left behind, for each form: the search finds it in a file, in the middle of
/// other things.
#[test]
fn the_search_finds_what_is_there() {
    let secret: Vec<u8> = (0..=255).map(|byte: u8| byte.wrapping_mul(167) ^ 0x5a).collect();
    let samples = [
        Planted::Text("qx7kanari2w9".to_owned()),
        Planted::Phone("15550104711".to_owned()),
        Planted::Digits("40719".to_owned()),
        Planted::Secret(secret),
    ];
    for planted in &samples {
        let mut search = Search::default();
        search.add("sample", planted);
        assert!(forms(planted).len() > 1);
        for (form, bytes) in forms(planted) {
            let folder = tempfile::tempdir().unwrap();
            let inner = folder.path().join("a").join("b");
            fs::create_dir_all(&inner).unwrap();
            fs::write(inner.join("file"), [b"before\0".as_slice(), &bytes, b"\0after"].concat()).unwrap();
            let (findings, read) = search.folder(folder.path(), &[]);
            assert!(findings.iter().any(|found| found.form == form), "{form} is not found: {findings:?}");
            assert_eq!(read, bytes.len() as u64 + 13);
            let (findings, _) = search.folder(folder.path(), &[folder.path().join("a")]);
            assert!(findings.is_empty(), "what is left out is not looked at");
        }
    }
}

/// The forms are what other programs write: by hand, so that a mistake above cannot hide itself.
#[test]
fn forms_are_what_other_programs_write() {
    let of = |planted| forms(&planted).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>();
    let text = of(Planted::Text("kanari".to_owned()));
    for written in [
        "kanari",
        "KANARI",
        "k\0a\0n\0a\0r\0i\0",
        "\0k\0a\0n\0a\0r\0i",
        "6b616e617269",
        "6B616E617269",
        "a2FuYXJp",
        // Behind one and two other bytes: `xkanari` is `eGthbmFyaQ==`, `xxkanari` is `eHhrYW5hcmk=`.
        "bmFy",
        "YW5h",
    ] {
        assert!(text.iter().any(|form| form == written.as_bytes()), "{written:?}");
    }
    let phone = of(Planted::Phone("15550104711".to_owned()));
    assert!(phone.contains(&b"5550104711".to_vec()));
    assert!(phone.contains(&[0x87, 0xc4, 0xdb, 0x9e, 0x03, 0, 0, 0].to_vec()), "{phone:02x?}");
    assert!(phone.contains(&[0, 0, 0, 0x03, 0x9e, 0xdb, 0xc4, 0x87].to_vec()));
    let mut search = Search::default();
    search.add("code", &Planted::Digits("40719".to_owned()));
    let found = |text: &str| !search.bytes(Path::new("log"), text.as_bytes()).is_empty();
    assert!(found("code40719c, deadbeef") && !found("\\x5e9c0a1fd340719c2b771e90a4f3d2e1"));
    assert!(found("the code is 40719.") && found("40719") && found("\"40719\""));
    assert!(!found("12.40719Z") && !found("140719") && !found("407190") && !found("127.0.0.1:40719"));
}
