//! A PostgreSQL cluster of the benchmark's own, with the settings that `initdb` gives it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const USER: &str = "chatters";
const MISSING: &str = "PostgreSQL 15 or newer is needed to measure it and was not found: install its server (Debian, \
     Ubuntu: `apt-get install postgresql`), put initdb and pg_ctl into PATH, or leave it out with `--engine sqlite`";

/// Ends, and goes, with this.
pub struct Cluster {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
    owner: Option<(u32, u32)>,
    databases: std::cell::Cell<u32>,
}

/// What the log of a cluster did since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wal {
    pub bytes: u64,
    /// Times that it was brought to the disk.
    pub syncs: u64,
}

impl Cluster {
    pub fn start(parent: &Path) -> Result<Self, String> {
        let programs = programs().ok_or(MISSING)?;
        fs::create_dir_all(parent).map_err(|why| why.to_string())?;
        let folder = tempfile::Builder::new().prefix("bench-pg-").tempdir_in(parent);
        let folder = folder.map_err(|why| why.to_string())?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))
            .map_err(|why| why.to_string())?;
        // PostgreSQL refuses to run as root.
        let owner = unprivileged(folder.path());
        if let Some((uid, gid)) = owner {
            chown(folder.path(), Some(uid), Some(gid)).map_err(|why| why.to_string())?;
        }
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr());
        let port = free.map_err(|why| why.to_string())?.port();
        let cluster = Self { programs, folder, port, owner, databases: std::cell::Cell::new(0) };
        let data = cluster.folder.path().join("data");
        let mut initdb = cluster.program("initdb");
        initdb.args(["-U", USER, "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]).arg(&data);
        run(&mut initdb)?;
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c fsync=on",
            cluster.folder.path().display()
        );
        let mut start = cluster.program("pg_ctl");
        start.arg("-D").arg(&data).arg("-l").arg(cluster.folder.path().join("log"));
        // Its output goes to the log: a pipe would stay open as long as the cluster runs.
        start.args(["-w", "-t", "30", "-o", &options, "start"]).stdout(std::process::Stdio::null());
        let started = start.status().map_err(|why| format!("pg_ctl: {why}"))?;
        if started.success() { Ok(cluster) } else { Err("PostgreSQL does not come up".to_owned()) }
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> Result<String, String> {
        self.databases.set(self.databases.get() + 1);
        let name = format!("bench_{}", self.databases.get());
        let mut createdb = self.program("createdb");
        run(createdb.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", USER, &name]))?;
        Ok(format!("postgres://{USER}@127.0.0.1:{}/{name}", self.port))
    }

    pub fn wal(&self) -> Result<Wal, String> {
        let answer = self.ask("SELECT wal_bytes, wal_sync FROM pg_stat_wal")?;
        let (bytes, syncs) = answer.split_once('|').ok_or("pg_stat_wal is empty")?;
        let number = |text: &str| text.trim().parse::<u64>().map_err(|_| format!("{text:?} is no number"));
        Ok(Wal { bytes: number(bytes)?, syncs: number(syncs)? })
    }

    /// The process that all others of the cluster are children of.
    pub fn pid(&self) -> Result<u32, String> {
        let file = fs::read_to_string(self.folder.path().join("data").join("postmaster.pid"));
        let pid = file.map_err(|why| why.to_string())?;
        pid.lines().next().and_then(|line| line.trim().parse().ok()).ok_or_else(|| "no postmaster".to_owned())
    }

    fn ask(&self, sql: &str) -> Result<String, String> {
        let mut psql = self.program("psql");
        psql.args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.port.to_string(),
            "-U",
            USER,
            "-d",
            "postgres",
            "-At",
            "-c",
            sql,
        ]);
        run(&mut psql)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        // The folder that we stand in may not be theirs to enter.
        command.current_dir("/");
        if let Some((uid, gid)) = self.owner {
            command.gid(gid).uid(uid);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        stop.arg("-D").arg(self.folder.path().join("data")).args(["-m", "immediate", "stop"]);
        // The folder goes all the same.
        drop(stop.output());
    }
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|why| format!("{}: {why}", command.get_program().display()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(format!("{}: {}", command.get_program().display(), String::from_utf8_lossy(&output.stderr)))
}

/// The folder with the programs of the newest installed server: Debian keeps them out of PATH.
fn programs() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = installed
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let everywhere = versions.into_iter().rev().map(|(_, folder)| folder).chain(std::env::split_paths(&path));
    let needed = ["initdb", "pg_ctl", "createdb", "psql"];
    everywhere.into_iter().find(|folder| needed.iter().all(|name| folder.join(name).is_file()))
}

/// The user and group to run the programs as when we are root.
fn unprivileged(ours: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata(ours).is_ok_and(|metadata| metadata.uid() != 0) {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let line = users.lines().find(|line| line.starts_with("postgres:"));
    let mut fields = line.unwrap_or("postgres:x:65534:65534").split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
