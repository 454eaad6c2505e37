//! `chatters doctor`: looks at a configuration and its data folder, also while the server runs, and says line
//! by line what is wrong and what to do. Changes nothing.

mod certificate;
mod space;

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use domain::Clock;
use serde::Serialize;
use store::backup::{self, Examined, Kind};
use store::{Database, KeyFile};

use crate::announce::Announcement;
use crate::cli::DoctorArgs;
use crate::config::{Config, absolute};
use crate::delivery::Mailer;
use crate::server_key;
use crate::system::SystemClock;

/// Files that a server opens besides its connections: databases, logs, sockets.
const OTHER_FILES: usize = 200;
/// How long a mail server may take to greet.
const GREETING: Duration = Duration::from_secs(5);
/// 2025-01-01 00:00 UTC: a clock before this is wrong.
const CLOCK_MIN_SECS: i64 = 1_735_689_600;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Error,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    /// What was found and, unless it is fine, what to do.
    text: String,
}

#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn ok(&mut self, check: &'static str, text: impl Into<String>) {
        self.0.push(Finding { check, state: State::Ok, text: text.into() });
    }

    fn warn(&mut self, check: &'static str, text: impl Into<String>) {
        self.0.push(Finding { check, state: State::Warning, text: text.into() });
    }

    fn error(&mut self, check: &'static str, text: impl Into<String>) {
        self.0.push(Finding { check, state: State::Error, text: text.into() });
    }

    fn text(&self, as_json: bool) -> String {
        let line = |finding: &Finding| match (as_json, finding.state) {
            (true, _) => serde_json::to_string(finding).expect("strings are JSON"),
            (_, State::Ok) => format!("ok       {}: {}", finding.check, finding.text),
            (_, State::Warning) => format!("warning  {}: {}", finding.check, finding.text),
            (_, State::Error) => format!("error    {}: {}", finding.check, finding.text),
        };
        self.0.iter().map(|finding| line(finding) + "\n").collect()
    }

    fn has_errors(&self) -> bool {
        self.0.iter().any(|finding| finding.state == State::Error)
    }
}

pub(crate) fn command(args: &DoctorArgs) -> Result<(), String> {
    let mut report = Report::default();
    match Config::load(&args.serve) {
        Err(why) => report.error("configuration", why.to_string()),
        Ok(config) => {
            report.ok("configuration", "can be read");
            examine(&config, &mut report);
            if !args.offline {
                mail(&config, &mut report);
            }
        }
    }
    // Whoever closes the pipe has seen enough.
    let _ = io::stdout().write_all(report.text(args.json).as_bytes());
    if report.has_errors() { Err("there are errors".into()) } else { Ok(()) }
}

fn examine(config: &Config, report: &mut Report) {
    data(&config.data, report);
    space::check(&config.data, report);
    keys(config, report);
    databases(config, report);
    open_files(config, report);
    port(config, report);
    if let Some(tls) = &config.tls {
        match gateway::tls::load(&tls.certificate, &tls.key) {
            Ok(_) => report.ok("tls", "certificate and key can be read and go together"),
            Err(why) => report.error("tls", why.to_string()),
        }
        certificate::check(&tls.certificate, SystemClock.now(), report);
    }
    let codes = &config.codes;
    match (&codes.sms, &codes.call, &codes.email) {
        (None, None, None) => report.warn(
            "codes",
            "no way is configured: sign-in codes are only shown by `chatters codes` (see [codes])",
        ),
        _ => report.ok("codes", "a way is configured"),
    }
    if config.test_mode {
        report.warn("test_mode", "anybody can sign in as a test number; never where real people are");
    }
    match SystemClock.now().secs() {
        now if now < CLOCK_MIN_SECS => {
            report.error("clock", "is years behind: clients refuse to talk; set it")
        }
        _ => report.ok("clock", "is plausible"),
    }
}

fn data(folder: &Path, report: &mut Report) {
    let shown = folder.display();
    match fs::metadata(folder) {
        Err(why) if why.kind() == ErrorKind::NotFound => {
            report.warn("data", format!("{shown} is not there: the first start makes it"));
        }
        Err(why) => report.error("data", format!("{shown}: {why}")),
        Ok(found) if !found.is_dir() => report.error("data", format!("{shown} is not a folder")),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            report.warn("data", format!("others may look into {shown}: chmod 700 (the server does it)"));
        }
        Ok(_) => report.ok("data", format!("{shown} is its owner's alone")),
    }
}

fn keys(config: &Config, report: &mut Report) {
    let root = match config.root_key_file() {
        Ok(root) => root,
        Err(why) => return report.error("root key", why.to_string()),
    };
    let is_new = !config.data.join("keys.sqlite").exists() && config.keys_database.is_none();
    for (check, path) in [("root key", root.clone()), ("server key", server_key::file_beside(&root))] {
        let shown = path.display();
        match fs::metadata(&path) {
            Err(why) if why.kind() == ErrorKind::NotFound && is_new => {
                report.warn(check, format!("{shown} is not there: the first start makes it"));
            }
            Err(why) => {
                report.error(check, format!("{shown}: {why}; put back the copy that you keep elsewhere"));
            }
            Ok(found) if found.permissions().mode() & 0o077 != 0 => {
                report.error(check, format!("others may read {shown}: chmod 600"));
            }
            Ok(found) if check == "root key" && found.len() != 32 => {
                report.error(check, format!("{shown} is not 32 bytes long: put back the copy that you keep"));
            }
            Ok(_) => report.ok(check, format!("{shown} is its owner's alone")),
        }
    }
}

fn databases(config: &Config, report: &mut Report) {
    let (rows, keys) = config.databases();
    let mut vaults = Vec::new();
    for (check, kind, database) in [("rows", Kind::Rows, rows), ("data keys", Kind::Keys, keys)] {
        if let Database::Sqlite(path) = &database
            && !path.exists()
        {
            report.warn(check, format!("{} is not there: the first start makes it", path.display()));
            continue;
        }
        match backup::examine(kind, &database) {
            Ok(found) => {
                if found.is_current {
                    report.ok(check, "the database can be read and is of this version");
                } else {
                    report.warn(
                        check,
                        "the database is of another version: the next start migrates it, or says why not",
                    );
                }
                durability(check, &found, report);
                if kind == Kind::Keys {
                    root_key(config, &found, report);
                }
                vaults.push(found.vault);
            }
            Err(why) => report.error(check, why.to_string()),
        }
    }
    if let [rows, keys] = vaults.as_slice()
        && rows != keys
    {
        report.error("rows", "rows and data keys are of two servers: restore both from backups that fit");
    }
}

/// Whether what the database acknowledges stays.
fn durability(whose: &str, found: &Examined, report: &mut Report) {
    for risk in &found.risks {
        report.warn("durability", format!("{whose}: {risk}"));
    }
    if found.risks.is_empty() {
        report.ok("durability", format!("{whose}: what is acknowledged is on the disk"));
    }
}

/// Whether the root key, where it is there and nobody else's, is the one of these data keys.
fn root_key(config: &Config, found: &Examined, report: &mut Report) {
    let Some(path) = config.root_key_file().ok().filter(|path| path.exists()) else { return };
    match found.opened_by(&KeyFile::new(path)) {
        Ok(count) => report.ok("root key", format!("opens the data keys ({count} tried)")),
        Err(why) => {
            report.error("root key", format!("{why}: put back the one of this server, or its data keys"));
        }
    }
}

/// Whether the mail server answers. Gateways are not asked: there is no question that sends nothing.
fn mail(config: &Config, report: &mut Report) {
    let Some(smtp) = &config.codes.email else { return };
    let greet = || -> Result<(), String> {
        let mailer = Mailer::new(smtp)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|why| why.to_string())?.block_on(mailer.greet(GREETING))
    };
    match greet() {
        Ok(()) => report.ok("mail", format!("{} answers", smtp.host)),
        Err(why) => report.error("mail", format!("{} cannot be used: {why}", smtp.host)),
    }
}

fn open_files(config: &Config, report: &mut Report) {
    let Some(limit) = open_file_limit() else { return };
    let connections = config.limits.gateway().connections;
    if limit < connections.saturating_add(OTHER_FILES) {
        report.warn(
            "open files",
            format!(
                "{limit} are allowed here, {connections} connections in [limits]: raise the limit of the service \
                 (LimitNOFILE, ulimit -n), or lower `connections`"
            ),
        );
    } else {
        report.ok("open files", format!("{limit} are allowed here"));
    }
}

/// This process's own, which a server started in the same way has, too.
fn open_file_limit() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn port(config: &Config, report: &mut Report) {
    let listen: SocketAddr = config.listen;
    match TcpListener::bind(listen) {
        Ok(_) => report.ok("port", format!("{listen} is free")),
        Err(why) if why.kind() == ErrorKind::AddrInUse => match Announcement::load(&config.data) {
            Ok(known) if Path::new("/proc").join(known.pid.to_string()).exists() => {
                report.ok("port", format!("{listen} is taken; a server runs on this data folder"));
            }
            _ => report.error("port", format!("{listen} is taken, and not by a server of this data folder")),
        },
        Err(why) => report.error("port", format!("{listen}: {why}")),
    }
    let advertised = config.advertised(listen).ip();
    if advertised.is_unspecified() {
        report.error("public_address", "is no address that anybody can connect to");
    } else if advertised.is_loopback() {
        report.warn("public_address", "is this machine's own: nobody else can connect (fine for a trial)");
    } else {
        report.ok("public_address", format!("{advertised}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_can_be_read_by_people_and_programs() {
        let mut report = Report::default();
        report.ok("data", "fine");
        report.warn("tls", "soon over");
        assert!(!report.has_errors());
        report.error("port", "taken");
        assert!(report.has_errors());
        assert_eq!(
            report.text(false),
            "ok       data: fine\nwarning  tls: soon over\nerror    port: taken\n"
        );
        let last = report.text(true).lines().last().unwrap().to_owned();
        assert_eq!(last, r#"{"check":"port","state":"error","text":"taken"}"#);
    }

    #[test]
    fn this_machine_has_a_limit() {
        assert!(open_file_limit().is_none_or(|limit| limit > 0));
    }
}
