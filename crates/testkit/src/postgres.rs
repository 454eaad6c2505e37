//! A PostgreSQL of one's own for each test process.
//!
//! Nothing is assumed to run: the server's programs are looked for, a cluster is made in a private
//! folder and listens on a socket there. It ends with the process, however that ends.
//!
//! Where many small test processes follow each other, the runner starts one cluster for all of them by
//! `shared-postgres.sh` and names it in [`SHARED`].

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

const MISSING: &str = "PostgreSQL 15 or newer is needed for this test and was not found; install its server \
     package (Debian, Ubuntu: `apt-get install postgresql`), or put initdb and postgres into PATH";
const OLDEST: u32 = 15;
const SUPERUSER: &str = "chatters";
/// Waits for the server to come up: 30 seconds at most.
const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// Runs the server until the standard input ends, which is when the test process is gone.
const KEEPER: &str = r#""$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=200 \
    -c shared_buffers=64MB -c fsync=on -c synchronous_commit=on >"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT "$server"
wait "$server"
rm -rf "$2""#;

/// The environment variable that names the folder of a cluster that the test runner started.
pub const SHARED: &str = "CHATTERS_TEST_POSTGRES";

/// A running cluster.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<(u32, u32)>,
    /// Its standard input holds the server alive.
    keeper: Child,
}

/// Counts the databases that this process made.
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The address of a new, empty database, in the runner's cluster or in this process's own, which is
/// started on first use.
///
/// Panics when PostgreSQL is not installed: a suite that skips an engine proves nothing of it.
pub fn database() -> String {
    match std::env::var_os(SHARED) {
        Some(folder) => database_in(&programs(), Path::new(&folder), unprivileged_here()),
        None => cluster().database(),
    }
}

/// This process's cluster.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

impl Cluster {
    /// Starts a cluster apart from the process's own, for tests that break it.
    pub fn start() -> Self {
        let programs = programs();
        let folder =
            tempfile::Builder::new().prefix("chatters-pg-").tempdir().expect("a temporary folder").keep();
        let user = unprivileged(&folder);
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).expect("root may give its folder away");
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
        initdb.args(["-U", SUPERUSER, "-D"]).arg(folder.join("data"));
        run(&mut initdb, user);
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(&programs).arg(&folder);
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let keeper = become_user(&mut keeper, user).spawn().expect("a shell runs");
        let cluster = Self { programs, folder, user, keeper };
        cluster.wait();
        cluster
    }

    /// The address of a new, empty database.
    pub fn database(&self) -> String {
        database_in(&self.programs, &self.folder, self.user)
    }

    /// Ends every connection to the databases of this cluster, as a failing network would.
    pub fn disconnect_all(&self) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
        run(self.client("psql").args(["-d", "postgres", "-c", sql]), self.user);
    }

    /// Copies a database's content as SQL, as an operator's backup would.
    pub fn dump(&self, database: &str) -> String {
        let name = database.rsplit('=').next().unwrap_or_default();
        let output = self.client("pg_dump").arg(name).output().expect("pg_dump runs");
        assert!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a dump is UTF-8")
    }

    /// Loads a [`Cluster::dump`] into an empty database.
    pub fn load(&self, database: &str, dump: &str) {
        let name = database.rsplit('=').next().unwrap_or_default();
        let mut psql = self.client("psql");
        psql.args(["-q", "-v", "ON_ERROR_STOP=1", "-d", name]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = psql.spawn().expect("psql runs");
        child.stdin.take().expect("piped").write_all(dump.as_bytes()).expect("psql reads");
        assert!(child.wait().expect("psql ends").success(), "the dump did not load");
    }

    /// The folder with the cluster's files: tables, log, everything that reaches the disk.
    pub fn files(&self) -> &Path {
        &self.folder
    }

    /// Writes everything that is still in memory to the files.
    pub fn checkpoint(&self) {
        run(self.client("psql").args(["-d", "postgres", "-c", "CHECKPOINT"]), self.user);
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(&self.folder).args(["-U", SUPERUSER]);
        command
    }

    fn wait(&self) {
        for _ in 0..TRIES {
            let mut ready = self.client("pg_isready");
            if ready.arg("-q").status().is_ok_and(|status| status.success()) {
                return;
            }
            thread::sleep(PAUSE);
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("PostgreSQL does not come up:\n{log}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        drop(self.keeper.wait());
    }
}

fn database_in(programs: &Path, folder: &Path, user: Option<(u32, u32)>) -> String {
    let name = format!("test_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::SeqCst));
    let mut createdb = Command::new(programs.join("createdb"));
    createdb.arg("-h").arg(folder).args(["-U", SUPERUSER, &name]);
    run(&mut createdb, user);
    format!("host={} user={SUPERUSER} dbname={name}", folder.display())
}

/// The folder with the programs of the newest installed server.
fn programs() -> PathBuf {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packaged = installed.map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let everywhere = packaged.chain(std::env::split_paths(&path));
    let newest = everywhere.filter_map(|folder| Some((version(&folder)?, folder))).max();
    match newest {
        Some((major, folder)) if major >= OLDEST => folder,
        _ => panic!("{MISSING}"),
    }
}

/// The major version of the server in a folder: `postgres (PostgreSQL) 15.8 …`.
fn version(folder: &Path) -> Option<u32> {
    // Links to the server alone, as some put them into PATH, are not enough.
    let needed = ["initdb", "postgres", "pg_isready", "createdb", "psql", "pg_dump"];
    if !needed.iter().all(|program| folder.join(program).is_file()) {
        return None;
    }
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let number = text.split_whitespace().nth(2)?;
    number.split(['.', 'b', 'd', 'r']).next()?.parse().ok()
}

/// As whom to run the programs in a cluster that somebody else started.
fn unprivileged_here() -> Option<(u32, u32)> {
    unprivileged(tempfile::tempdir().expect("a temporary folder").path())
}

/// PostgreSQL refuses to run as root: the user and group to run it as when we are.
fn unprivileged(ours: &Path) -> Option<(u32, u32)> {
    if File::open(ours).and_then(|folder| folder.metadata()).is_ok_and(|metadata| metadata.uid() != 0) {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let fields: Vec<&str> = users
            .lines()
            .map(|line| line.split(':'))
            .find_map(|mut fields| (fields.next() == Some(name)).then(|| fields.collect()))?;
        Some((fields.get(1)?.parse().ok()?, fields.get(2)?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).or(Some((65_534, 65_534)))
}

fn become_user(command: &mut Command, user: Option<(u32, u32)>) -> &mut Command {
    // The folder that we stand in may not be theirs to enter.
    command.current_dir("/");
    match user {
        Some((uid, gid)) => command.gid(gid).uid(uid),
        None => command,
    }
}

fn run(command: &mut Command, user: Option<(u32, u32)>) {
    let output = become_user(command, user).output().expect("a program of PostgreSQL runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
