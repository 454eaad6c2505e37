//! The server's certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// Why there is no TLS although it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("no certificate chain in {path}: {why}")]
    Certificate { path: PathBuf, why: String },
    #[error("no private key in {path}: {why}")]
    PrivateKey { path: PathBuf, why: String },
    #[error("certificate and key do not go together: {0}")]
    Refused(#[from] rustls::Error),
}

/// The certificates of a PEM chain (leaf first) in DER.
pub fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, TlsError> {
    Ok(chain(path)?.iter().map(|certificate| certificate.to_vec()).collect())
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|why| TlsError::Certificate { path: path.to_owned(), why: why.to_string() })
}

/// Reads a PEM chain (leaf first) and a PEM private key.
pub fn load(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let chain = chain(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|why| TlsError::PrivateKey { path: key.to_owned(), why: why.to_string() })?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
