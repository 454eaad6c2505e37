//! Nothing that people give to the server can be read where it keeps things, logs or shows figures.
//!
//! A server process that logs as much as it can, people who use every feature of it, and a search for what they
//! said through every byte that it wrote. What the server works with in memory is not looked at, and what goes
//! out to clients, gateways and mail servers is meant to go there.

mod coverage;
mod features;
mod plant;
mod search;
mod server;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use testkit::postgres::Cluster;

use self::features::Walk;
use self::plant::Garden;
use self::search::{Finding, Planted};
use self::server::Server;

fn walk(server: &Server) -> Arc<Garden> {
    let garden = Arc::new(Garden::new());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(Walk { server, garden: Arc::clone(&garden) }.all());
    for (to, code) in server.codes.all() {
        // Codes are short: one that is a part of the time, or of a port, proves nothing.
        if !to.is_empty() {
            garden.other("a code", Planted::Digits(code));
        }
    }
    let key = |name: &str| fs::read(server.keys().join(name)).unwrap();
    garden.secret("the root key", &key("root.key"));
    // Its beginning is the modulus, which is public.
    garden.secret("the server's private key", &key("server_key.pem")[600..]);
    garden
}

/// Searches everything that the server has written so far; `others` are folders of its databases.
fn check(server: &Server, garden: &Garden, others: &[PathBuf], when: &str) {
    let search = garden.search();
    let mut found: Vec<Finding> = Vec::new();
    let mut read = 0;
    for folder in others.iter().map(PathBuf::as_path).chain([server.folder()]) {
        let (findings, bytes) = search.folder(folder, &[server.keys()]);
        found.extend(findings);
        read += bytes;
    }
    println!("{when}: {read} bytes searched");
    assert!(found.is_empty(), "{when}: {found:#?}");
}

/// Searches what the server shows to whoever asks it how it is.
fn check_pages(server: &Server, garden: &Garden) {
    let pages = server.pages();
    let has = |page: usize, text: &[u8]| memchr::memmem::find(&pages[page].1, text).is_some();
    assert!(has(0, b"method=\"messages.sendMessage\"") && has(1, b"\r\n\r\nok\n"), "{pages:?}");
    let search = garden.search();
    let found: Vec<Finding> = pages.iter().flat_map(|(page, content)| search.bytes(page, content)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// The search reads what it should: the log at its most talkative, the tables, the log of the database.
fn reads_the_right_places(server: &Server, tables: &[PathBuf]) {
    let log = server.log();
    assert!(log.contains("DEBUG") && log.contains("a job has run"), "{} bytes of log", log.len());
    assert!(log.contains("a sign-in code could not be delivered"), "ways that fail are logged");
    for file in tables {
        assert!(fs::metadata(file).is_ok_and(|file| file.len() > 0), "{}", file.display());
    }
}

#[test]
fn nothing_can_be_read_where_sqlite_keeps_it() {
    let mut server = Server::start(None, "text");
    let garden = walk(&server);
    coverage::check(&garden.places());
    let data = server.data();
    let file = |name: &str| data.join(name);
    let with_logs = ["chatters.sqlite", "chatters.sqlite-wal", "keys.sqlite"].map(file);
    reads_the_right_places(&server, &with_logs);
    check(&server, &garden, &[], "while the server runs");
    check_pages(&server, &garden);
    server.stop();
    reads_the_right_places(&server, &with_logs[..1]);
    check(&server, &garden, &[], "after its end");
}

/// The other engine, logs in the other format, and an end that leaves a dump of programs that allow one.
#[test]
fn nothing_can_be_read_where_postgresql_keeps_it() {
    let cluster = Cluster::start();
    // The database too tells its log all that it is told: every statement with its values.
    let talkative = |database: String| {
        let part =
            |name: &str| database.split(' ').find_map(|part| part.strip_prefix(name)).unwrap().to_owned();
        let host = part("host=").replace('/', "%2F");
        let options = "options=-c%20log_statement%3Dall%20-c%20log_parameter_max_length%3D-1";
        format!("postgres://{}@{host}/{}?{options}", part("user="), part("dbname="))
    };
    let (rows, keys) = (talkative(cluster.database()), talkative(cluster.database()));
    let mut server = Server::start(Some((&rows, &keys)), "json");
    let garden = walk(&server);
    let files = cluster.files().to_owned();
    reads_the_right_places(&server, &[files.join("data").join("global").join("pg_control")]);
    cluster.checkpoint();
    let log = fs::read(files.join("log")).unwrap();
    let statement = memchr::memmem::find(&log, b"INSERT INTO messages");
    assert!(statement.is_some(), "the database logs what it is told: {} bytes", log.len());
    check(&server, &garden, std::slice::from_ref(&files), "while the server runs");
    check_pages(&server, &garden);
    server.crash();
    cluster.checkpoint();
    check(&server, &garden, &[files], "after its crash");
}
