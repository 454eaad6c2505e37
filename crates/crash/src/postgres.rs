//! A PostgreSQL server of the run's own: a private folder, a free port, a user that is not root.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

const WAIT_SECS: &str = "60";
const TRIES: usize = 300;
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Cluster {
    binaries: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
    /// Whom PostgreSQL runs as when this program is root, which it refuses to be.
    user: Option<(u32, u32)>,
}

impl Cluster {
    pub(crate) fn new() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
        let user = unprivileged(folder.path())?;
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).map_err(|why| why.to_string())?;
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
        let port = port.map_err(|why| why.to_string())?.port();
        let cluster = Self { binaries: binaries()?, folder, port, user };
        let data = cluster.data();
        let flags = ["-U", "chatters", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"];
        cluster.run(cluster.command("initdb").args(flags).arg(data))?;
        cluster.start()?;
        Ok(cluster)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a new database, by way of `port`.
    pub(crate) fn database(&self, name: &str, port: u16) -> Result<String, String> {
        let own = self.port.to_string();
        self.run(self.command("createdb").args(["-h", "127.0.0.1", "-p", &own, "-U", "chatters", name]))?;
        Ok(format!("postgres://chatters@127.0.0.1:{port}/{name}"))
    }

    pub(crate) fn start(&self) -> Result<(), String> {
        let folder = self.folder.path().display();
        let options =
            format!("-p {} -k {folder} -c listen_addresses=127.0.0.1 -c max_connections=100", self.port);
        let log = self.folder.path().join("log");
        let mut command = self.command("pg_ctl");
        command.arg("-D").arg(self.data()).arg("-l").arg(log);
        command.args(["-w", "-t", WAIT_SECS, "-o", &options, "start"]);
        self.run(&mut command)?;
        self.wait()
    }

    /// `immediate`: every process ends at once, and the next start has to recover.
    pub(crate) fn stop_at_once(&self) -> Result<(), String> {
        let mut command = self.command("pg_ctl");
        command.arg("-D").arg(self.data()).args(["-m", "immediate", "-w", "-t", WAIT_SECS, "stop"]);
        self.run(&mut command)
    }

    /// `fast`: connections are ended in order.
    pub(crate) fn stop_in_order(&self) -> Result<(), String> {
        let mut command = self.command("pg_ctl");
        command.arg("-D").arg(self.data()).args(["-m", "fast", "-w", "-t", WAIT_SECS, "stop"]);
        self.run(&mut command)
    }

    /// `kill -9` of a process that serves a connection of the server's: the database ends all of them and recovers.
    pub(crate) fn kill_a_backend(&self) -> Result<(), String> {
        let found =
            self.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'chatters' LIMIT 1")?;
        let pid = found.lines().next().unwrap_or_default().to_owned();
        if pid.is_empty() {
            return Err("the server has no connection to the database".to_owned());
        }
        self.run(Command::new("kill").args(["-9", &pid]))
    }

    /// Ends all connections of the server's; gives their number.
    pub(crate) fn terminate(&self) -> Result<usize, String> {
        let sql =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'chatters'";
        Ok(self.query(sql)?.lines().count())
    }

    /// Until connections are taken again.
    pub(crate) fn wait(&self) -> Result<(), String> {
        for _ in 0..TRIES {
            if self.query("SELECT 1").is_ok() {
                return Ok(());
            }
            sleep(PAUSE);
        }
        Err("PostgreSQL did not come back".to_owned())
    }

    fn query(&self, sql: &str) -> Result<String, String> {
        let port = self.port.to_string();
        let mut command = self.command("psql");
        command.args(["-h", "127.0.0.1", "-p", &port, "-U", "chatters", "-At", "-c", sql, "postgres"]);
        let output = command.output().map_err(|why| format!("psql: {why}"))?;
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.binaries.join(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Output goes to a file: `pg_ctl` leaves a server behind that would keep a pipe open.
    fn run(&self, command: &mut Command) -> Result<(), String> {
        let path = self.folder.path().join("commands");
        let file = || File::options().create(true).append(true).open(&path).map_err(|why| why.to_string());
        let status = command.stdout(file()?).stderr(file()?).status();
        let status = status.map_err(|why| format!("{}: {why}", command.get_program().display()))?;
        if status.success() {
            return Ok(());
        }
        let said = fs::read_to_string(&path).unwrap_or_default();
        let last = said.lines().last().unwrap_or_default();
        Err(format!("{} ended with {status}: {last}", command.get_program().display()))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A database that is down already is as good.
        let _ = self.stop_at_once();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The newest installation's folder: Debian keeps it out of `PATH`.
fn binaries() -> Result<PathBuf, String> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).filter_map(|path| Some((number(&path)?, path))).max();
    if let Some((_, path)) = newest {
        return Ok(path.join("bin"));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).find(|folder| folder.join("initdb").exists());
    found.ok_or_else(|| "PostgreSQL is not installed (Debian: apt-get install postgresql)".to_owned())
}

/// The user `postgres`, if this program is root: who owns the folder that it has just made.
fn unprivileged(folder: &Path) -> Result<Option<(u32, u32)>, String> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata(folder).map_err(|why| why.to_string())?.uid() != 0 {
        return Ok(None);
    }
    let output: Output =
        Command::new("id").args(["-u", "postgres"]).output().map_err(|why| why.to_string())?;
    let group = Command::new("id").args(["-g", "postgres"]).output().map_err(|why| why.to_string())?;
    let number = |output: &Output| text(&output.stdout).trim().parse::<u32>().ok();
    match (number(&output), number(&group)) {
        (Some(uid), Some(gid)) => Ok(Some((uid, gid))),
        _ => Err("there is no user postgres to run PostgreSQL as, and root it refuses".to_owned()),
    }
}
