//! A .zip of pictures as whoever made it, friend or foe: no path leads anywhere, and nothing unpacks to more than is
//! taken.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
};

use domain::photo;
use zip::ZipArchive;

/// Where the end of an archive says how much it lists: within so many bytes of it.
const TAIL: u64 = (1 << 16) + 22;
/// What an archive of more than 65,535 files has there (zip64). Ordinary ones can't list more, so that their lists are small.
const LISTS_MORE: &[u8] = b"PK\x06\x07";
/// Bytes of one picture at most.
const PICTURE: u64 = 20 << 20;
/// What a whole archive may unpack to: pictures hardly shrink, so that more is a bomb.
const UNPACKED: u64 = 1 << 30;

/// A file of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its place.
    pub(super) index: usize,
    /// Its name without folders.
    pub(super) file: String,
}

/// An archive, opened.
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    left: u64,
}

/// Why a file can't be had.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is broken, or locked with a password.
    Broken,
    /// It is larger than a picture may be.
    TooLarge,
    /// The whole archive unpacks to more than is taken.
    Bomb,
}

impl Archive {
    /// Opens an archive; what is wrong with it is told in Chinese.
    pub(super) fn open(file: &File) -> Result<Self, String> {
        let broken = |_| "压缩包打不开，请重新压缩成 .zip 后上传".to_owned();
        let reader = || file.try_clone().map(BufReader::new).map_err(broken);
        // Looked at before anything is made of what it lists.
        if lists_more(&mut reader()?).map_err(broken)? {
            return Err("压缩包里文件太多，最多 65535 个，请分成几个上传".to_owned());
        }
        let zip = ZipArchive::new(reader()?).map_err(|error| broken(error.into()))?;
        Ok(Self { zip, left: UNPACKED })
    }

    /// Its files in order, without folders and litter.
    pub(super) fn entries(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for index in 0..self.zip.len() {
            // One whose header is broken is a broken file, not a broken archive.
            let path = self.zip.by_index_raw(index).map(|entry| name_of(entry.name_raw()));
            let path = path.unwrap_or_else(|_| "?".to_owned());
            if let Some(file) = photo::file_of(&path) {
                entries.push(Entry { index, file: file.chars().take(100).collect() });
            }
        }
        entries
    }

    /// A file's bytes.
    pub(super) fn read(&mut self, entry: &Entry) -> Result<Vec<u8>, Unread> {
        if self.left == 0 {
            return Err(Unread::Bomb);
        }
        let file = self.zip.by_index(entry.index).map_err(|_| Unread::Broken)?;
        // What the header says of its size is not believed.
        let mut bytes = Vec::new();
        let read = file.take(PICTURE + 1).read_to_end(&mut bytes);
        self.left = self.left.saturating_sub(bytes.len() as u64);
        match read {
            Err(_) => Err(Unread::Broken),
            Ok(_) if bytes.len() as u64 > PICTURE => Err(Unread::TooLarge),
            Ok(_) => Ok(bytes),
        }
    }
}

fn lists_more(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok(tail.windows(LISTS_MORE.len()).any(|part| part == LISTS_MORE))
}

/// As Windows in China writes names where it does not write UTF-8.
fn name_of(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(raw).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> File {
        let mut zip = ZipWriter::new(tempfile::tempfile().unwrap());
        for (name, bytes) in files {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        let mut file = zip.finish().unwrap();
        file.rewind().unwrap();
        file
    }

    #[test]
    fn folders_and_litter_are_passed_over_and_paths_lead_nowhere() {
        let file = archive(&[
            ("照片/1.jpg", b"one"),
            ("__MACOSX/照片/._1.jpg", b"x"),
            ("../../2.jpg", b"two"),
            (".DS_Store", b"x"),
        ]);
        let mut archive = Archive::open(&file).unwrap();
        let entries = archive.entries();
        let files: Vec<&str> = entries.iter().map(|entry| entry.file.as_str()).collect();
        assert_eq!(files, ["1.jpg", "2.jpg"]);
        assert_eq!(archive.read(&entries[1]).unwrap(), b"two");
    }

    #[test]
    fn a_bomb_is_read_no_further_than_a_picture_goes() {
        let zeros = vec![0; usize::try_from(PICTURE).unwrap() + 1];
        let file = archive(&[("1.jpg", &zeros), ("2.jpg", b"two")]);
        assert!(file.metadata().unwrap().len() < 100_000);
        let mut archive = Archive::open(&file).unwrap();
        let entries = archive.entries();
        assert_eq!(archive.read(&entries[0]), Err(Unread::TooLarge));
        archive.left = 1;
        assert_eq!(archive.read(&entries[1]).unwrap(), b"two");
        assert_eq!(archive.read(&entries[1]), Err(Unread::Bomb));
    }

    #[test]
    fn an_archive_of_more_than_it_may_list_is_not_opened() {
        let mut file = archive(&[("1.jpg", b"one")]);
        assert!(!lists_more(&mut file).unwrap());
        // As its end stands in one of more than 65,535 files.
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(b"PK\x06\x07 and the end").unwrap();
        assert!(lists_more(&mut file).unwrap());
        assert!(Archive::open(&file).err().unwrap().contains("文件太多"));
    }

    #[test]
    fn what_is_no_archive_is_told() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"PK\x03\x04nonsense").unwrap();
        assert!(Archive::open(&file).err().unwrap().contains("打不开"));
    }

    #[test]
    fn names_of_windows_are_read() {
        let gb = encoding_rs::GB18030.encode("照片/1.jpg").0;
        assert_eq!(name_of(&gb), "照片/1.jpg");
    }
}
