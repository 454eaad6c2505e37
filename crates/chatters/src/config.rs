//! What the operator can set: defaults, under the configuration file, under the environment and flags.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use domain::flood::{self, Budget};
use serde::Deserialize;
use store::Database;

use crate::cli::ServeArgs;

/// A text that no log or error may show.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// An IP address, perhaps with a port. Clients do not resolve names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct PublicAddress {
    pub(crate) ip: IpAddr,
    pub(crate) port: Option<u16>,
}

impl FromStr for PublicAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(ip) = text.parse() {
            return Ok(Self { ip, port: None });
        }
        match text.parse::<SocketAddr>() {
            Ok(address) => Ok(Self { ip: address.ip(), port: Some(address.port()) }),
            Err(_) => Err(format!("{text:?} is not an IP address, nor one with a port")),
        }
    }
}

impl TryFrom<String> for PublicAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) root_key: Option<PathBuf>,
    pub(crate) database: Option<Secret>,
    pub(crate) keys_database: Option<Secret>,
    pub(crate) listen: SocketAddr,
    pub(crate) public_address: Option<PublicAddress>,
    /// Where `/metrics` and `/healthz` are, if anywhere.
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) dc: i32,
    /// The protocol's test numbers sign in with codes that everybody knows.
    pub(crate) test_mode: bool,
    pub(crate) proxy_secrets: Vec<Secret>,
    pub(crate) tls: Option<Tls>,
    pub(crate) codes: Codes,
    pub(crate) limits: Limits,
}

/// The certificate (PEM files).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// How sign-in codes reach people. `chatters codes` shows every one of them, however it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Codes {
    /// Which way is tried first; those that are not named come after.
    pub(crate) order: Vec<Way>,
    pub(crate) sms: Option<Webhook>,
    pub(crate) call: Option<Webhook>,
    pub(crate) email: Option<Smtp>,
}

/// A way that can be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Way {
    Sms,
    Call,
    Email,
}

/// An HTTP endpoint that takes `{"phone", "code", "channel"}` and delivers it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    /// Sent as `Authorization: Bearer …`.
    pub(crate) token: Option<Secret>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smtp {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    #[serde(default)]
    pub(crate) security: SmtpSecurity,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    /// The sender, as in `Chatters <codes@example.org>`.
    pub(crate) from: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SmtpSecurity {
    /// TLS from the first byte (port 465).
    #[default]
    Tls,
    /// TLS after STARTTLS, or nothing is sent (port 587).
    Starttls,
    /// For a relay on the same machine.
    None,
}

/// What bounds the gateway, see `gateway::Limits` for the meaning and the defaults, and two of the budgets of
/// `domain::flood`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    connections: Option<usize>,
    newcomers_per_address: Option<u32>,
    handshake_steps_per_minute: Option<u32>,
    keys_per_minute: Option<u32>,
    trusts_loopback: Option<bool>,
    handshakes_at_once: Option<usize>,
    sessions: Option<usize>,
    outgoing_bytes: Option<usize>,
    idle_secs: Option<u64>,
    newcomer_secs: Option<u64>,
    write_secs: Option<u64>,
    send_buffer_bytes: Option<usize>,
    session_idle_secs: Option<i64>,
    messages_per_minute: Option<u32>,
    codes_per_address_per_hour: Option<u32>,
}

impl Limits {
    /// The flood budgets that are set.
    pub(crate) fn budgets(&self) -> Vec<Budget> {
        let set = [
            (flood::SEND_MESSAGES, self.messages_per_minute),
            (flood::SEND_CODE_ADDRESS, self.codes_per_address_per_hour),
        ];
        let set = set.into_iter().filter_map(|(budget, limit)| Some(Budget { limit: limit?, ..budget }));
        set.collect()
    }

    pub(crate) fn gateway(&self) -> gateway::Limits {
        let default = gateway::Limits::default();
        gateway::Limits {
            connections: self.connections.unwrap_or(default.connections),
            newcomers_per_address: self.newcomers_per_address.unwrap_or(default.newcomers_per_address),
            handshake_steps_per_minute: self
                .handshake_steps_per_minute
                .unwrap_or(default.handshake_steps_per_minute),
            keys_per_minute: self.keys_per_minute.unwrap_or(default.keys_per_minute),
            trusts_loopback: self.trusts_loopback.unwrap_or(default.trusts_loopback),
            handshakes_at_once: self.handshakes_at_once.unwrap_or(default.handshakes_at_once),
            sessions: self.sessions.unwrap_or(default.sessions),
            outgoing_bytes: self.outgoing_bytes.unwrap_or(default.outgoing_bytes),
            idle_secs: self.idle_secs.unwrap_or(default.idle_secs),
            newcomer_secs: self.newcomer_secs.unwrap_or(default.newcomer_secs),
            write_secs: self.write_secs.unwrap_or(default.write_secs),
            send_buffer_bytes: self.send_buffer_bytes.unwrap_or(default.send_buffer_bytes),
            session_idle_secs: self.session_idle_secs.unwrap_or(default.session_idle_secs),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            root_key: None,
            database: None,
            keys_database: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4430)),
            public_address: None,
            metrics: None,
            dc: 2,
            test_mode: false,
            proxy_secrets: Vec::new(),
            tls: None,
            codes: Codes::default(),
            limits: Limits::default(),
        }
    }
}

/// Why the server does not start with this configuration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {path}: {why}")]
    Unreadable { path: PathBuf, why: String },
    #[error("{path}: {why}")]
    Malformed { path: PathBuf, why: String },
    #[error("dc is {0}: clients know data centres 1 to 1000")]
    Dc(i32),
    #[error("listening on every address: public_address has to say which one clients connect to")]
    NoPublicAddress,
    #[error("the root key {0} lies in the data folder: a copy of the folder would open itself")]
    RootKeyInData(PathBuf),
    #[error("no home folder to keep the root key in: root_key has to say where it is")]
    NoHome,
    #[error("the {0} is not a PostgreSQL URL (postgres://…)")]
    Database(&'static str),
    #[error("the wrapped data keys have to live in a database of their own")]
    SameDatabase,
    #[error(
        "handshakes_at_once, connections, messages_per_minute and codes_per_address_per_hour have to be at least 1"
    )]
    NoRoom,
}

impl Config {
    /// The file, if one is named, under the flags.
    pub(crate) fn load(args: &ServeArgs) -> Result<Self, ConfigError> {
        let mut config = match &args.place.config {
            None => Self::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|why| ConfigError::Unreadable { path: path.clone(), why: why.to_string() })?;
                // The message, not the whole error: that would quote the line, which may hold a secret.
                toml::from_str(&text).map_err(|why| ConfigError::Malformed {
                    path: path.clone(),
                    why: why.message().to_owned(),
                })?
            }
        };
        config.apply(args);
        config.check()?;
        Ok(config)
    }

    fn apply(&mut self, args: &ServeArgs) {
        let args = args.clone();
        let tls = args.tls_certificate.zip(args.tls_key);
        self.data = args.place.data.unwrap_or(std::mem::take(&mut self.data));
        self.root_key = args.place.root_key.or(self.root_key.take());
        self.database = args.place.database.or(self.database.take());
        self.keys_database = args.place.keys_database.or(self.keys_database.take());
        self.listen = args.listen.unwrap_or(self.listen);
        self.public_address = args.public_address.or(self.public_address);
        self.metrics = args.metrics.or(self.metrics);
        self.dc = args.dc.unwrap_or(self.dc);
        self.test_mode |= args.test_mode;
        self.tls = tls.map(|(certificate, key)| Tls { certificate, key }).or(self.tls.take());
        if !args.proxy_secrets.is_empty() {
            self.proxy_secrets = args.proxy_secrets;
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        if !(1..=1000).contains(&self.dc) {
            return Err(ConfigError::Dc(self.dc));
        }
        if self.listen.ip().is_unspecified() && self.public_address.is_none() {
            return Err(ConfigError::NoPublicAddress);
        }
        for (name, url) in [("database", &self.database), ("keys_database", &self.keys_database)] {
            let schemes = ["postgres://", "postgresql://"];
            if url.as_ref().is_some_and(|Secret(url)| !schemes.iter().any(|it| url.starts_with(it))) {
                return Err(ConfigError::Database(name));
            }
        }
        if self.database.is_some() && self.database == self.keys_database {
            return Err(ConfigError::SameDatabase);
        }
        let limits = self.limits.gateway();
        let no_budget = self.limits.budgets().iter().any(|budget| budget.limit == 0);
        if limits.handshakes_at_once == 0 || limits.connections == 0 || no_budget {
            return Err(ConfigError::NoRoom);
        }
        Ok(())
    }

    /// The database of the rows, and that of the wrapped data keys.
    pub(crate) fn databases(&self) -> (Database, Database) {
        let open = |url: &Option<Secret>, file: &str| match url {
            Some(Secret(url)) => Database::Postgres(url.clone()),
            None => Database::Sqlite(self.data.join(file)),
        };
        (open(&self.database, "chatters.sqlite"), open(&self.keys_database, "keys.sqlite"))
    }

    /// What clients connect to, when the server listens on `bound`.
    pub(crate) fn advertised(&self, bound: SocketAddr) -> SocketAddr {
        match self.public_address {
            Some(PublicAddress { ip, port }) => SocketAddr::new(ip, port.unwrap_or(bound.port())),
            None => bound,
        }
    }

    /// Where the root key is, or will be made. Never in the data folder, which must exist already.
    pub(crate) fn root_key_file(&self) -> Result<PathBuf, ConfigError> {
        let path = match &self.root_key {
            Some(path) => path.clone(),
            None => config_home().ok_or(ConfigError::NoHome)?.join("chatters").join("root.key"),
        };
        let parent = path.parent().unwrap_or(Path::new(""));
        let is_inside = absolute(parent).starts_with(absolute(&self.data));
        if is_inside { Err(ConfigError::RootKeyInData(path)) } else { Ok(path) }
    }
}

/// Without links and dots, as far as the path exists.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for existing in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (existing.canonicalize(), path.strip_prefix(existing)) {
            return real.join(rest);
        }
    }
    path
}

fn config_home() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::PlaceArgs;

    fn load(toml: &str, args: ServeArgs) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chatters.toml");
        std::fs::write(&path, toml).unwrap();
        Config::load(&ServeArgs { place: PlaceArgs { config: Some(path), ..args.place }, ..args })
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let args = ServeArgs { dc: Some(4), test_mode: true, ..ServeArgs::default() };
        let config = load("dc = 3\ndata = \"elsewhere\"\n[limits]\nsessions = 7", args).unwrap();
        assert_eq!(config.dc, 4);
        assert!(config.test_mode);
        assert_eq!(config.data, Path::new("elsewhere"));
        assert_eq!(config.listen, Config::default().listen);
        assert_eq!(config.limits.gateway().sessions, 7);
        assert_eq!(config.limits.gateway().idle_secs, gateway::Limits::default().idle_secs);
    }

    #[test]
    fn budgets_are_those_that_are_set() {
        assert!(Config::default().limits.budgets().is_empty());
        let toml = "[limits]\nmessages_per_minute = 7\ncodes_per_address_per_hour = 9";
        let budgets = load(toml, ServeArgs::default()).unwrap().limits.budgets();
        let set: Vec<_> =
            budgets.iter().map(|budget| (budget.name, budget.limit, budget.window_secs)).collect();
        assert_eq!(set, [("SEND_MESSAGES", 7, 60), ("SEND_CODE_ADDRESS", 9, 3600)]);
    }

    #[test]
    fn the_whole_file() {
        let toml = r#"
            data = "/srv/chatters"
            root_key = "/etc/chatters/root.key"
            database = "postgres://chatters:hidden@db/chatters"
            listen = "[::]:443"
            public_address = "203.0.113.7:8443"
            metrics = "127.0.0.1:9430"
            dc = 5
            test_mode = true
            proxy_secrets = ["00112233445566778899aabbccddeeff"]
            [tls]
            certificate = "chain.pem"
            key = "key.pem"
            [codes]
            order = ["email", "sms"]
            [codes.email]
            host = "mail.example.org"
            security = "starttls"
            user = "codes"
            password = "hidden"
            from = "Chatters <codes@example.org>"
            [codes.sms]
            url = "https://sms.example.org/send"
            token = "hidden"
        "#;
        let config = load(toml, ServeArgs::default()).unwrap();
        assert_eq!(config.advertised(config.listen), "203.0.113.7:8443".parse().unwrap());
        assert_eq!(config.codes.email.as_ref().unwrap().security, SmtpSecurity::Starttls);
        assert_eq!(config.codes.order, [Way::Email, Way::Sms]);
        assert_eq!(config.metrics, Some("127.0.0.1:9430".parse().unwrap()));
        assert!(config.test_mode && !Config::default().test_mode);
        assert!(!format!("{config:?}").contains("hidden"));
    }

    #[test]
    fn refused() {
        let check = |toml: &str, expected: &str| {
            let error = load(toml, ServeArgs::default()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error:?} for {toml:?}");
        };
        check("dc = 0", "dc is 0");
        check("dc = 1001", "dc is 1001");
        check("listen = \"0.0.0.0:443\"", "public_address");
        check("public_address = \"chat.example.org\"", "not an IP address");
        check("lisen = \"127.0.0.1:1\"", "unknown field `lisen`");
        check("database = \"mysql://hidden\"", "the database is not a PostgreSQL URL");
        check("database = \"postgres://a\"\nkeys_database = \"postgres://a\"", "of their own");
        check("[limits]\nhandshakes_at_once = 0", "at least 1");
        check("[limits]\nmessages_per_minute = 0", "at least 1");
    }

    #[test]
    fn a_malformed_file_is_not_quoted() {
        let error = load("[codes.sms]\ntoken = hidden", ServeArgs::default()).unwrap_err().to_string();
        assert!(!error.contains("hidden"), "{error}");
    }

    #[test]
    fn the_public_port_is_the_bound_one_unless_said() {
        let config = Config { public_address: Some("203.0.113.7".parse().unwrap()), ..Config::default() };
        assert_eq!(config.advertised("0.0.0.0:99".parse().unwrap()), "203.0.113.7:99".parse().unwrap());
    }

    #[test]
    fn the_root_key_stays_out_of_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let check = |root_key: PathBuf, is_good: bool| {
            let config = Config { data: data.clone(), root_key: Some(root_key), ..Config::default() };
            assert_eq!(config.root_key_file().is_ok(), is_good, "{:?}", config.root_key);
        };
        check(folder.path().join("root.key"), true);
        check(folder.path().join("data-keys").join("root.key"), true);
        check(data.join("root.key"), false);
        check(data.join("deeper").join("root.key"), false);
    }
}
