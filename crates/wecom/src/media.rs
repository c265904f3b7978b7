//! Files: uploaded for messages (docs 90253, 90256), downloaded from members' messages and the JS-SDK (docs 90254, 90255).

use std::ops::RangeInclusive;

use bytes::Bytes;
use futures_util::Stream;
use serde::Deserialize;

use crate::client::{Client, Patience, Request, failed};
use crate::error::{Error, Result};
use crate::lenient;

const MEGABYTE: usize = 1024 * 1024;
/// The most of one download; larger files are fetched by ranges (830002).
pub const MAX_DOWNLOAD: u64 = 20 * MEGABYTE as u64;

/// What is uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// JPG or PNG, at most 10 MB. WeCom's pages disagree between 2 and 10.
    Image,
    /// AMR, at most 2 MB and 60 seconds.
    Voice,
    /// MP4, at most 10 MB.
    Video,
    /// Anything, at most 20 MB.
    File,
}

impl MediaKind {
    /// As WeCom names it.
    pub fn as_str(self) -> &'static str {
        match self {
            MediaKind::Image => "image",
            MediaKind::Voice => "voice",
            MediaKind::Video => "video",
            MediaKind::File => "file",
        }
    }

    fn most(self) -> usize {
        match self {
            MediaKind::Image | MediaKind::Video => 10 * MEGABYTE,
            MediaKind::Voice => 2 * MEGABYTE,
            MediaKind::File => 20 * MEGABYTE,
        }
    }
}

/// Something uploaded. All apps of the corp may send it, for three days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// For messages.
    pub media_id: String,
    /// When it was uploaded, Unix seconds.
    pub created_at: i64,
}

/// A file on its way.
#[derive(Debug)]
pub struct Download {
    api: &'static str,
    response: reqwest::Response,
}

impl Download {
    /// What WeCom calls its content.
    pub fn content_type(&self) -> Option<&str> {
        self.response.headers().get(reqwest::header::CONTENT_TYPE)?.to_str().ok()
    }

    /// Bytes still to come, where WeCom says so.
    pub fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The name it was uploaded by. UTF-8 as it stands; never a path.
    pub fn file_name(&self) -> Option<String> {
        let header = self.response.headers().get(reqwest::header::CONTENT_DISPOSITION)?;
        let (_, name) = std::str::from_utf8(header.as_bytes()).ok()?.split_once("filename=\"")?;
        let name = name.split('"').next()?.rsplit(['/', '\\']).next()?;
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// The bytes, piece by piece.
    pub fn pieces(self) -> impl Stream<Item = Result<Bytes>> {
        futures_util::stream::try_unfold(self, async |mut download| {
            let piece = download.response.chunk().await.map_err(|error| failed(download.api, error))?;
            Ok(piece.map(|piece| (piece, download)))
        })
    }

    /// The whole file, if it has at most `most` bytes.
    pub async fn bytes(mut self, most: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.response.chunk().await.map_err(|error| failed(self.api, error))? {
            if bytes.len() + piece.len() > most {
                return Err(Error::Unknown {
                    api: self.api,
                    reason: format!("the file has more than {most} bytes"),
                });
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

/// A form with one file in the field `media`. The name goes as raw UTF-8: WeCom shows what stands in `filename=`, and
/// whether it reads `filename*` is not documented.
fn form(name: &str, bytes: &[u8]) -> (String, Bytes) {
    let boundary = format!("{:032x}", rand::random::<u128>());
    // What would end the quotation or the line.
    let name = name.replace(['"', '\r', '\n'], "_");
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{name}\"; filelength={}\r\n\
         Content-Type: application/octet-stream\r\n\r\n",
        bytes.len()
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let body = [head.as_bytes(), bytes, tail.as_bytes()].concat();
    (format!("multipart/form-data; boundary={boundary}"), body.into())
}

fn check_size(bytes: &[u8], most: usize) -> Result<()> {
    // WeCom wants more than five bytes.
    if bytes.len() > 5 && bytes.len() <= most {
        return Ok(());
    }
    Err(Error::Settings(format!("a file of {} bytes: WeCom takes 6 to {most}", bytes.len())))
}

impl Client {
    /// Uploads a file for messages (doc 90253). `name` is what members see.
    pub async fn upload(&self, kind: MediaKind, name: &str, bytes: &[u8]) -> Result<Uploaded> {
        #[derive(Deserialize)]
        struct Answer {
            media_id: String,
            // A string here, a number elsewhere.
            #[serde(deserialize_with = "lenient::number")]
            created_at: i64,
        }
        check_size(bytes, kind.most())?;
        let (content_type, body) = form(name, bytes);
        let request = Request::Form { query: vec![("type", kind.as_str().into())], content_type, body };
        // A second upload does no harm.
        let answer: Answer = self.call("media/upload", request, Patience::Reads).await?;
        Ok(Uploaded { media_id: answer.media_id, created_at: answer.created_at })
    }

    /// Uploads a picture for ever and gives its address, which works inside WeCom only (doc 90256). At most 2 MB, 3,000 a
    /// month and 1,000 a day of a corp.
    pub async fn upload_image(&self, name: &str, bytes: &[u8]) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            url: String,
        }
        check_size(bytes, 2 * MEGABYTE)?;
        let (content_type, body) = form(name, bytes);
        let request = Request::Form { query: Vec::new(), content_type, body };
        let answer: Answer = self.call("media/uploadimg", request, Patience::None).await?;
        Ok(answer.url)
    }

    /// Begins to download a file, or a range of its bytes (doc 90254). Unknown or older than three days: 40007.
    pub async fn download(&self, media_id: &str, range: Option<RangeInclusive<u64>>) -> Result<Download> {
        self.begin_download("media/get", media_id, range).await
    }

    /// Begins to download a recording of the JS-SDK in high quality, speex (doc 90255).
    pub async fn download_recording(&self, media_id: &str) -> Result<Download> {
        self.begin_download("media/get/jssdk", media_id, None).await
    }

    async fn begin_download(
        &self,
        api: &'static str,
        media_id: &str,
        range: Option<RangeInclusive<u64>>,
    ) -> Result<Download> {
        let range = range.map(|range| format!("bytes={}-{}", range.start(), range.end()));
        let request = Request::File { query: vec![("media_id", media_id.to_owned())], range };
        Ok(Download { api, response: self.open(api, &request).await? })
    }
}
