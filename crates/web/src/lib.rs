//! Rollcall's pages, built by Vite and embedded in the binary.
//!
//! A release build carries the files; a debug build reads them from `ui/dist`, so that pages built anew
//! show at once. Where they were never built, every application's index is one plain page that says how.

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "ui/dist"]
#[allow_missing = true]
struct Files;

/// The applications; each lives below the path of its name.
pub const APPLICATIONS: [&str; 3] = ["h5", "admin", "gate"];

const NOT_BUILT: &str = include_str!("not_built.html");

/// A file, ready to be sent.
#[derive(Debug, Clone)]
pub struct Asset {
    /// The file.
    pub bytes: Cow<'static, [u8]>,
    /// Media type, with the character set for text.
    pub content_type: String,
    /// A strong entity tag, in its quotes.
    pub etag: String,
    /// Whether the content behind this path can never change, since its name carries a hash of it.
    pub immutable: bool,
}

/// The file at a path such as `h5/assets/index-B2VjWYdD.js`. While the pages are not built, the `index.html`
/// of each application is the page that says so, and nothing else is there.
pub fn asset(path: &str) -> Option<Asset> {
    if let Some(file) = Files::get(path) {
        return Some(embedded(path, file));
    }
    let application = path.strip_suffix("/index.html")?;
    APPLICATIONS.contains(&application).then(not_built)
}

/// Whether the pages of every application are there.
pub fn pages_built() -> bool {
    APPLICATIONS.iter().all(|application| Files::get(&format!("{application}/index.html")).is_some())
}

fn embedded(path: &str, file: EmbeddedFile) -> Asset {
    let mut tag = String::with_capacity(34);
    tag.push('"');
    // Half of a SHA-256 is far more than two versions of a file need to differ.
    for byte in &file.metadata.sha256_hash()[..16] {
        tag.push_str(&format!("{byte:02x}"));
    }
    tag.push('"');
    let media_type = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = media_type.type_() == "text" || media_type.suffix().is_some_and(|suffix| suffix == "xml");
    Asset {
        bytes: file.data,
        content_type: if is_text { format!("{media_type}; charset=utf-8") } else { media_type.to_string() },
        etag: tag,
        // Vite puts what it names by content into `assets`.
        immutable: path.contains("/assets/"),
    }
}

fn not_built() -> Asset {
    Asset {
        bytes: Cow::Borrowed(NOT_BUILT.as_bytes()),
        content_type: "text/html; charset=utf-8".into(),
        etag: "\"not-built\"".into(),
        immutable: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_application_has_an_index_built_or_not() {
        for application in APPLICATIONS {
            let index = asset(&format!("{application}/index.html")).unwrap();
            assert_eq!(index.content_type, "text/html; charset=utf-8");
            assert!(!index.immutable, "an index must be asked for again: it names the files of the day");
            let html = String::from_utf8(index.bytes.into_owned()).unwrap();
            assert_eq!(html.contains("npm run build"), !pages_built());
        }
    }

    #[test]
    fn what_is_not_there_is_nothing() {
        for path in [
            "",
            "index.html",
            "h5",
            "h5/",
            "h5/missing.js",
            "other/index.html",
            "../Cargo.toml",
            "h5/../../package.json",
        ] {
            assert!(asset(path).is_none(), "{path}");
        }
    }

    #[test]
    fn built_files_say_what_they_are() {
        let mut seen = 0;
        for path in Files::iter() {
            let file = asset(&path).unwrap();
            let ending = path.rsplit('.').next().unwrap();
            let media_type = match ending {
                "html" => "text/html; charset=utf-8",
                "js" => "text/javascript; charset=utf-8",
                "css" => "text/css; charset=utf-8",
                "svg" => "image/svg+xml; charset=utf-8",
                "webmanifest" => "application/manifest+json",
                other => panic!("a kind of file nobody expected: {other}"),
            };
            assert_eq!(file.content_type, media_type, "{path}");
            assert_eq!(file.immutable, path.contains("/assets/"), "{path}");
            assert!(file.etag.len() == 34 && file.etag.starts_with('"') && file.etag.ends_with('"'));
            seen += 1;
        }
        assert_eq!(seen > 0, pages_built());
    }

    #[test]
    fn the_plain_page_obeys_the_content_security_policy() {
        assert!(
            !NOT_BUILT.contains("<style") && !NOT_BUILT.contains("style=") && !NOT_BUILT.contains("<script")
        );
    }
}
