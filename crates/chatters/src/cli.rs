//! The command line. Each flag can stand in the environment, too; what is not given comes from the
//! configuration file, then from the defaults in [`crate::config`].

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{PublicAddress, Secret};

/// A self-hosted messaging server that speaks MTProto 2.0.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the server.
    Serve(Box<ServeArgs>),
    /// Shows the sign-in codes that wait to be typed in.
    Codes(CodesArgs),
    /// Shows the server's address and public key, and the lines that each client library needs.
    Key(KeyArgs),
    /// Shows how each clause of the privacy policy is kept.
    Policy(PolicyArgs),
    /// Shows which methods of the API are built.
    Methods(MethodsArgs),
    /// Checks a configuration and a data folder, also while the server runs. Ends with 1 when there are errors.
    Doctor(Box<DoctorArgs>),
    /// Takes a backup, also while the server runs.
    Backup(BackupArgs),
    /// Fills a new data folder, or empty databases, from a backup.
    Restore(RestoreArgs),
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Where to listen; port 0 takes a free one. [default: 127.0.0.1:4430]
    #[arg(long, env = "CHATTERS_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// What clients are told to connect to, when that is not where the server listens.
    #[arg(long, env = "CHATTERS_PUBLIC_ADDRESS", value_name = "ADDRESS[:PORT]")]
    pub(crate) public_address: Option<PublicAddress>,
    /// Where figures of the server and its state can be read, as /metrics and /healthz. A private address: nobody is
    /// asked who they are. [default: nowhere]
    #[arg(long, env = "CHATTERS_METRICS", value_name = "ADDRESS:PORT")]
    pub(crate) metrics: Option<SocketAddr>,
    /// The data centre that this server is. [default: 2]
    #[arg(long, env = "CHATTERS_DC", value_name = "ID")]
    pub(crate) dc: Option<i32>,
    /// For tests of clients: numbers 99966XYYYY sign in with the code XXXXX, and clients are told that this is no
    /// real server. Anybody can be anybody of those.
    #[arg(long, env = "CHATTERS_TEST_MODE", value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) test_mode: bool,
    /// Certificate chain (PEM); with it the port speaks TLS, too.
    #[arg(long, env = "CHATTERS_TLS_CERTIFICATE", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Private key of the certificate (PEM).
    #[arg(long, env = "CHATTERS_TLS_KEY", value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// A proxy secret (32 hex digits, or 34 with "dd") that clients may connect with. Can be repeated.
    #[arg(long = "proxy-secret", env = "CHATTERS_PROXY_SECRETS", value_name = "HEX", value_delimiter = ',')]
    pub(crate) proxy_secrets: Vec<Secret>,
    /// Writes address, data centre, fingerprint and public key there (JSON) once clients can connect.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Shows sign-in codes on standard output as they are made. For development.
    #[arg(long)]
    pub(crate) show_codes: bool,
    /// What to log, as in "info,gateway=debug".
    #[arg(long, env = "CHATTERS_LOG", value_name = "FILTER", default_value = "info")]
    pub(crate) log: String,
    /// How log lines are written: for people, or a JSON object each.
    #[arg(long, env = "CHATTERS_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// Where the server's data are.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PlaceArgs {
    /// Configuration file (TOML).
    #[arg(long, env = "CHATTERS_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Data folder; made when it is not there. [default: ./data]
    #[arg(long, env = "CHATTERS_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The file with the root key, outside of the data folder; made on the first run.
    /// [default: ~/.config/chatters/root.key]
    #[arg(long, env = "CHATTERS_ROOT_KEY", value_name = "FILE")]
    pub(crate) root_key: Option<PathBuf>,
    /// Database: a file in the data folder, unless a PostgreSQL URL is given.
    #[arg(long, env = "CHATTERS_DATABASE", value_name = "URL")]
    pub(crate) database: Option<Secret>,
    /// PostgreSQL URL of another database for the wrapped data keys, so that backups can leave them out.
    /// [default: a file in the data folder]
    #[arg(long, env = "CHATTERS_KEYS_DATABASE", value_name = "URL")]
    pub(crate) keys_database: Option<Secret>,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The flags that the server is started with.
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// Does not ask other servers (mail) whether they answer.
    #[arg(long)]
    pub(crate) offline: bool,
    /// A JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// A new folder for the rows: everything but the keys, sealed.
    #[arg(long, value_name = "DIR")]
    pub(crate) rows: Option<PathBuf>,
    /// A new folder for the wrapped data keys; taken after the rows. Keep it elsewhere, and for a short time.
    #[arg(long, value_name = "DIR")]
    pub(crate) keys: Option<PathBuf>,
    /// Allows both backups side by side in one folder.
    #[arg(long)]
    pub(crate) together: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// The backup of the rows.
    #[arg(long, value_name = "DIR")]
    pub(crate) rows: PathBuf,
    /// The backup of the data keys: taken with the rows or later.
    #[arg(long, value_name = "DIR")]
    pub(crate) keys: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CodesArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Goes on and shows new codes as they are made.
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Only the public key (PEM).
    #[arg(long, conflicts_with = "json")]
    pub(crate) pem: bool,
    /// One JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// Only the clauses in this state.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<ClauseState>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClauseState {
    Kept,
    Partial,
    Open,
}

#[derive(Debug, Args)]
pub(crate) struct MethodsArgs {
    /// Only methods whose names contain this, one a line, as in "messages." or "saved". Without it the whole
    /// page, as in docs/methods.md.
    pub(crate) filter: Option<String>,
    /// Only the methods in this state, one a line.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<MethodState>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodState {
    Built,
    Missing,
}

#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// The server's data folder.
    #[arg(long, env = "CHATTERS_DATA", value_name = "DIR", default_value = "data")]
    pub(crate) data: PathBuf,
}
