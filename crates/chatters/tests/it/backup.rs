//! The operator's commands beside a server that runs: a backup, restored in another place; the doctor.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::flood::Server;

fn chatters(words: &[&str], paths: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatters"));
    command.args(words);
    for (flag, path) in paths {
        command.arg(flag).arg(path);
    }
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn a_running_server_is_backed_up_and_restored() {
    let server = Server::start();
    let (data, root) = (server.data(), server.root_key());
    let place = [("--data", data.as_path()), ("--root-key", root.as_path())];
    let folder = tempfile::tempdir().unwrap();
    let rows: PathBuf = folder.path().join("rows").join("monday");
    let keys: PathBuf = folder.path().join("keys").join("monday");

    let beside = folder.path().join("rows").join("keys");
    let refused = chatters(&["backup"], &[place[0], ("--rows", &rows), ("--keys", &beside)]);
    assert!(!refused.status.success() && said(&refused).contains("--together"), "{}", said(&refused));
    assert!(!rows.exists());

    let taken = chatters(&["backup"], &[place[0], place[1], ("--rows", &rows), ("--keys", &keys)]);
    assert!(taken.status.success(), "{}", said(&taken));
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(rows.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["kind"], "rows");
    assert_eq!(manifest["server_key"], server.fingerprint());
    // The keys that open all of it are in neither folder.
    let secret = fs::read(&root).unwrap();
    for path in [rows.join("rows.sqlite"), keys.join("keys.sqlite")] {
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
    }

    let new = folder.path().join("new");
    let from = [("--rows", rows.as_path()), ("--keys", keys.as_path())];
    let busy = chatters(&["restore"], &[place[0], place[1], from[0], from[1]]);
    assert!(!busy.status.success() && said(&busy).contains("not empty"), "{}", said(&busy));
    let restored = chatters(&["restore"], &[("--data", &new), place[1], from[0], from[1]]);
    assert!(restored.status.success(), "{}", said(&restored));
    assert!(said(&restored).contains("root key") && !said(&restored).contains("is not there"));
    let again = Server::start_on(&new, &root);
    assert_eq!(again.fingerprint(), server.fingerprint());
}

#[test]
fn the_doctor_tells_a_sound_server_from_a_broken_one() {
    let server = Server::start();
    let (data, root) = (server.data(), server.root_key());
    let listen = server.address().to_string();
    let place = [("--data", data.as_path()), ("--root-key", root.as_path())];
    let words = ["doctor", "--listen", listen.as_str()];
    let sound = chatters(&words, &place);
    let text = said(&sound);
    assert!(sound.status.success() && !text.contains("error "), "{text}");
    assert!(text.contains("ok       rows: ") && text.contains("ok       data keys: "), "{text}");
    assert!(text.contains("is taken; a server runs on this data folder"), "{text}");

    let json = chatters(&["doctor", "--json", "--listen", listen.as_str()], &place);
    for line in String::from_utf8(json.stdout).unwrap().lines() {
        let finding: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(finding["check"].is_string() && finding["text"].is_string(), "{line}");
    }

    for expected in
        ["root key: opens the data keys", "durability: rows: ", "durability: data keys: ", "disk: "]
    {
        assert!(text.contains(&format!("ok       {expected}")), "{expected}: {text}");
    }
    let check = |paths: &[(&str, &Path)], expected: &str| {
        let found = chatters(&words, paths);
        assert!(!found.status.success() && said(&found).contains(expected), "{}", said(&found));
    };
    check(&[place[0], ("--root-key", &data.join("root.key"))], "error    root key");
    check(&[place[0], ("--root-key", Path::new("/nowhere/root.key"))], "put back the copy");
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.key");
    fs::write(&other, [9; 32]).unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).unwrap();
    let before = (fs::read(&root).unwrap(), fs::read(data.join("keys.sqlite")).unwrap());
    check(&[place[0], ("--root-key", &other)], "not the one that the data keys are wrapped with");
    assert_eq!(before, (fs::read(&root).unwrap(), fs::read(data.join("keys.sqlite")).unwrap()));
    check(&[("--data", &data.join("elsewhere")), place[1]], "not by a server of this data folder");
    let broken = tempfile::tempdir().unwrap();
    fs::write(broken.path().join("chatters.sqlite"), vec![7; 8192]).unwrap();
    check(&[("--data", broken.path()), place[1]], "error    rows");
    assert!(root.exists() && !data.join("elsewhere").exists(), "the doctor changes nothing");
}

/// A mail server that greets one client after the other.
fn mail_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut answers = stream.try_clone().unwrap();
            let mut say = |line: &str| answers.write_all(line.as_bytes()).is_ok();
            say("220 here\r\n");
            let lines = BufReader::new(stream).lines().map_while(Result::ok);
            for line in lines.take_while(|line| line != "QUIT") {
                assert!(!line.starts_with("MAIL"), "the doctor writes no mail");
                say("250 well\r\n");
            }
            say("221 bye\r\n");
        }
    });
    port
}

#[test]
fn the_doctor_asks_the_mail_server_and_reads_the_certificate() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("chatters.toml");
    let listen = server.address().to_string();
    let doctor = |mail_port: u16, years: (i32, i32), words: &[&str]| {
        let made = {
            let mut wanted = rcgen::CertificateParams::new(vec!["chat.example.org".to_owned()]).unwrap();
            wanted.not_before = rcgen::date_time_ymd(years.0, 1, 1);
            wanted.not_after = rcgen::date_time_ymd(years.1, 1, 1);
            let key = rcgen::KeyPair::generate().unwrap();
            (wanted.self_signed(&key).unwrap().pem(), key.serialize_pem())
        };
        fs::write(folder.path().join("chain.pem"), made.0).unwrap();
        fs::write(folder.path().join("key.pem"), made.1).unwrap();
        let text = format!(
            "[tls]\ncertificate = {0:?}\nkey = {1:?}\n[codes.email]\nhost = \"127.0.0.1\"\nport = {mail_port}\n\
             security = \"none\"\nfrom = \"C <c@example.org>\"\n",
            folder.path().join("chain.pem"),
            folder.path().join("key.pem")
        );
        fs::write(&config, text).unwrap();
        let words = [&["doctor", "--listen", listen.as_str()], words].concat();
        let (data, root) = (server.data(), server.root_key());
        said(&chatters(&words, &[("--config", &config), ("--data", &data), ("--root-key", &root)]))
    };
    let sound = doctor(mail_server(), (2020, 2099), &[]);
    assert!(sound.contains("ok       mail: 127.0.0.1 answers"), "{sound}");
    assert!(sound.contains("ok       tls: ") && sound.contains("ok       certificate: "), "{sound}");
    // Nobody listens on a port that was just given back.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let broken = doctor(closed, (2020, 2021), &[]);
    assert!(broken.contains("error    mail: 127.0.0.1 cannot be used: "), "{broken}");
    assert!(broken.contains("error    certificate: ") && broken.contains("has expired"), "{broken}");
    let offline = doctor(closed, (2020, 2099), &["--offline"]);
    assert!(!offline.contains(" mail: ") && !offline.contains("error "), "{offline}");
}
