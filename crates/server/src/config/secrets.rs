//! Secrets of the configuration: written in it, or in a file of their own that it names; and where each of them comes from,
//! which is never what it says.

use std::{
    env, fmt, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Source,
    value::{Dict, Value},
};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error};

/// Where systemd puts what a unit's `LoadCredential=` names.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// What the configuration calls its secrets, wherever they stand in it.
const NAMES: [&str; 5] =
    ["secret", "token", "encoding_aes_key", "previous_token", "previous_encoding_aes_key"];
/// Addresses that hold a password.
const ADDRESSES: [&str; 3] = ["database.owner_url", "database.url", "redis.url"];
/// What it calls files that are nothing but a secret, and variables.
const FILES: [&str; 2] = ["key_file", "token_file"];
const VARIABLES: [&str; 1] = ["key_env"];

/// A secret as it stands in the configuration.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text, or { file = \"where it stands\" }")]
enum Written {
    Here(SecretString),
    There(Place),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    file: PathBuf,
}

impl Written {
    fn read(self) -> Result<SecretString, String> {
        match self {
            Self::Here(secret) => Ok(secret),
            Self::There(place) => read_file(&place.file),
        }
    }
}

/// Deserializes a secret that must be there.
pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    Written::deserialize(deserializer)?.read().map_err(D::Error::custom)
}

/// … one that may be left out.
pub fn read_some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    let written = Option::<Written>::deserialize(deserializer)?;
    written.map(Written::read).transpose().map_err(D::Error::custom)
}

/// Its text without the line's end. Fails with what to do.
fn read_file(named: &Path) -> Result<SecretString, String> {
    let path = located(named)?;
    let text = fs::read_to_string(&path).map_err(|error| format!("读不到 {}：{error}", path.display()))?;
    match text.trim() {
        "" => Err(format!("{} 是空的", path.display())),
        secret => Ok(secret.into()),
    }
}

/// A file of the configuration where it is: `$CREDENTIALS_DIRECTORY/name` is what systemd gave the unit under this name. Fails
/// with what to do.
pub fn located(named: &Path) -> Result<PathBuf, String> {
    let Some(name) = credential(named) else { return Ok(named.to_owned()) };
    let folder = env::var_os(CREDENTIALS).ok_or_else(|| {
        format!("没有环境变量 {CREDENTIALS}：它由 systemd 单元里的 LoadCredential={}:… 给出", name.display())
    })?;
    Ok(Path::new(&folder).join(name))
}

/// The name of a systemd credential; none: an ordinary path.
fn credential(named: &Path) -> Option<&Path> {
    named.strip_prefix(format!("${CREDENTIALS}")).ok()
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is written in the configuration's own file.
    Configuration,
    /// An environment variable says it.
    Environment,
    /// It stands in a file of its own.
    File(PathBuf),
    /// systemd gives it to the unit, under this name.
    Credential(String),
}

impl Origin {
    /// Of what stands in a file that the configuration names.
    pub fn of_file(named: &Path) -> Self {
        match credential(named) {
            Some(name) => Self::Credential(name.display().to_string()),
            None => Self::File(named.to_owned()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration => f.write_str("配置文件"),
            Self::Environment => f.write_str("环境变量"),
            Self::File(path) => write!(f, "文件 {}", path.display()),
            Self::Credential(name) => write!(f, "systemd 凭据 {name}"),
        }
    }
}

/// A secret that is configured, without what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `schools[0].app.secret`.
    pub key: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether everybody on this machine may read the file it stands in.
    pub is_open: bool,
}

/// All secrets of a configuration that was read, in the order of their keys. `file` is its own file.
pub fn find(figment: &Figment, file: &Path) -> anyhow::Result<Vec<Found>> {
    let mut found = Vec::new();
    if let Value::Dict(_, whole) = figment.find_value("")? {
        look(figment, file, "", &whole, &mut found);
    }
    Ok(found)
}

fn look(figment: &Figment, file: &Path, prefix: &str, section: &Dict, found: &mut Vec<Found>) {
    for (name, value) in section {
        let key = format!("{prefix}{name}");
        let is_named =
            [&NAMES[..], &FILES, &VARIABLES].into_iter().any(|names| names.contains(&name.as_str()));
        if is_named || ADDRESSES.contains(&key.as_str()) {
            found.extend(origin(figment, name, value).map(|origin| {
                let is_open = match &origin {
                    Origin::Configuration => is_open(file),
                    Origin::File(path) => is_open(path),
                    // Others' environments and credentials are not to be read.
                    Origin::Environment | Origin::Credential(_) => false,
                };
                Found { key, origin, is_open }
            }));
            continue;
        }
        match value {
            Value::Dict(_, inner) => look(figment, file, &format!("{key}."), inner, found),
            Value::Array(_, items) => {
                for (at, item) in items.iter().enumerate() {
                    if let Value::Dict(_, inner) = item {
                        look(figment, file, &format!("{key}[{at}]."), inner, found);
                    }
                }
            }
            _ => {}
        }
    }
}

/// None: nothing is said there.
fn origin(figment: &Figment, name: &str, value: &Value) -> Option<Origin> {
    let path = match value {
        Value::Dict(_, place) => Some(place.get("file")?.as_str()?),
        Value::String(_, path) if FILES.contains(&name) => Some(path.as_str()),
        Value::String(..) if VARIABLES.contains(&name) => return Some(Origin::Environment),
        Value::Empty(..) => return None,
        _ => None,
    };
    if let Some(path) = path {
        return Some(Origin::of_file(Path::new(path)));
    }
    let source = figment.get_metadata(value.tag()).and_then(|metadata| metadata.source.as_ref());
    Some(match source {
        Some(Source::File(_)) => Origin::Configuration,
        _ => Origin::Environment,
    })
}

fn is_open(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
}

#[cfg(test)]
mod tests {
    use figment::providers::{Format, Toml};
    use secrecy::ExposeSecret;

    use super::*;

    #[derive(Deserialize)]
    struct Both {
        #[serde(deserialize_with = "read")]
        secret: SecretString,
        #[serde(default, deserialize_with = "read_some")]
        token: Option<SecretString>,
    }

    fn parse(toml: &str) -> anyhow::Result<Both> {
        Ok(Figment::from(Toml::string(toml)).extract()?)
    }

    #[test]
    fn a_secret_stands_in_the_configuration_or_in_a_file_of_its_own() {
        let folder = std::env::temp_dir().join(format!("rollcall-secrets-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("token");
        fs::write(&path, "of-the-file\n").unwrap();
        let file = path.display();
        let both = parse(&format!("secret = 'here'\ntoken = {{ file = '{file}' }}")).unwrap();
        assert_eq!(both.secret.expose_secret(), "here");
        assert_eq!(both.token.unwrap().expose_secret(), "of-the-file");
        assert!(parse("secret = 'here'").unwrap().token.is_none());

        fs::write(&path, "\n").unwrap();
        for wrong in [
            format!("secret = {{ file = '{file}' }}"),
            format!("secret = {{ file = '{file}-not-there' }}"),
            format!("secret = {{ fil = '{file}' }}"),
            "secret = { file = '$CREDENTIALS_DIRECTORY/no-such' }".to_owned(),
            String::new(),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
        // What is wrong with a number is told without the number.
        let told = parse("secret = 8471112").err().unwrap().to_string();
        assert!(!told.contains("8471112") && told.contains("a text, or"), "{told}");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_credential_of_systemd_is_told_from_a_path() {
        assert_eq!(credential(Path::new("$CREDENTIALS_DIRECTORY/token")), Some(Path::new("token")));
        assert_eq!(credential(Path::new("/etc/rollcall/token")), None);
        assert_eq!(located(Path::new("/etc/rollcall/token")), Ok(PathBuf::from("/etc/rollcall/token")));
    }
}
