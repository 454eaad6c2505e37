//! `chatters backup` and `chatters restore`.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mtproto::RsaPrivateKey;
use store::backup::{self, About, Kind, Manifest, Restore};

use crate::cli::{BackupArgs, PlaceArgs, RestoreArgs, ServeArgs};
use crate::config::{Config, absolute};
use crate::server_key;
use crate::system::SystemClock;

/// `chatters backup`: rows first, then data keys, so that every row has its key.
pub(crate) fn take(args: &BackupArgs) -> Result<(), String> {
    if args.rows.is_none() && args.keys.is_none() {
        return Err("say where: --rows FOLDER, --keys FOLDER, or both".into());
    }
    if let (Some(rows), Some(keys)) = (&args.rows, &args.keys) {
        kept_apart(rows, keys, args.together)?;
    }
    let config = load(&args.place)?;
    let (database, keys_database) = config.databases();
    let about = About { version: env!("CARGO_PKG_VERSION"), server_key: fingerprint(&config) };
    for (kind, place, database) in
        [(Kind::Rows, &args.rows, database), (Kind::Keys, &args.keys, keys_database)]
    {
        let Some(place) = place else { continue };
        let manifest = backup::take(kind, &database, place, &about, &SystemClock)
            .map_err(|why| format!("no backup of the {kind}: {why}"))?;
        say(&format!("{}: {}\n", place.display(), summary(&manifest)));
    }
    Ok(())
}

/// `chatters restore`
pub(crate) fn restore(args: &RestoreArgs) -> Result<(), String> {
    let config = load(&args.place)?;
    let (database, keys_database) = config.databases();
    let restored = backup::restore(&Restore {
        rows: &args.rows,
        keys: &args.keys,
        database: &database,
        keys_database: &keys_database,
    })
    .map_err(|why| format!("nothing was restored: {why}"))?;
    say(&format!("{}\n{}\n", summary(&restored.rows), summary(&restored.keys)));
    let root = config.root_key_file().map_err(|why| why.to_string())?;
    let server = server_key::file_beside(&root);
    say(&format!(
        "before the server starts it needs two files that no backup holds:\n  {}: the root key{}\n  {}: the \
         server's key{}{}\n",
        root.display(),
        if root.exists() { "" } else { " (is not there)" },
        server.display(),
        restored.rows.server_key.as_ref().map(|key| format!(", fingerprint {key}")).unwrap_or_default(),
        match (fingerprint(&config).map(|key| key.to_string()), &restored.rows.server_key) {
            (None, _) => " (is not there)",
            (Some(found), Some(known)) if found != *known => " (is another one: no client will know it)",
            _ => "",
        },
    ));
    Ok(())
}

/// Whoever copies or steals one of them must not get the other with it.
fn kept_apart(rows: &Path, keys: &Path, together: bool) -> Result<(), String> {
    let (rows, keys) = (absolute(rows), absolute(keys));
    if rows.starts_with(&keys) || keys.starts_with(&rows) {
        return Err(
            "the backups of rows and of data keys need a folder each, not one inside the other".into()
        );
    }
    if rows.parent() == keys.parent() && !together {
        return Err("rows and data keys would lie in one folder: data keys have to be kept for a short time, \
                    apart from the rows, or what people delete stays readable; --together does it all the same"
            .into());
    }
    Ok(())
}

fn load(place: &PlaceArgs) -> Result<Config, String> {
    let args = ServeArgs { place: place.clone(), ..ServeArgs::default() };
    Config::load(&args).map_err(|why| why.to_string())
}

/// Of the server's key, where it is and can be read.
fn fingerprint(config: &Config) -> Option<i64> {
    let path: PathBuf = server_key::file_beside(&config.root_key_file().ok()?);
    let key = RsaPrivateKey::from_pem(&fs::read_to_string(path).ok()?).ok()?;
    Some(key.public().fingerprint())
}

fn summary(manifest: &Manifest) -> String {
    let Manifest { kind, engine, .. } = manifest;
    let (rows, bytes) = (manifest.total_rows(), manifest.total_bytes());
    format!("{kind} of {engine}, {rows} rows in all tables, {bytes} bytes")
}

fn say(text: &str) {
    // Whoever closes the pipe has seen enough.
    let _ = io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_keys_are_kept_apart() {
        let check = |rows: &str, keys: &str, together: bool, is_good: bool| {
            let done = kept_apart(Path::new(rows), Path::new(keys), together);
            assert_eq!(done.is_ok(), is_good, "{rows} {keys} {together}: {done:?}");
        };
        check("/backup/rows/1", "/elsewhere/keys/1", false, true);
        check("/backup/rows", "/backup/keys", false, false);
        check("/backup/rows", "/backup/keys", true, true);
        check("/backup", "/backup", true, false);
        check("/backup", "/backup/keys", true, false);
        check("/backup/rows/..", "/backup", true, false);
    }
}
