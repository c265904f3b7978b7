//! 照片: which files of a .zip are photos, and whose.

/// Width of a stored photo at most.
pub const MAX_WIDTH: u32 = 480;
/// Height of a stored photo at most.
pub const MAX_HEIGHT: u32 = 640;
/// Bytes of a stored photo at most.
pub const MAX_BYTES: usize = 60 * 1024;

/// What became of a file of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The person had no photo before.
    Stored,
    /// The person had another one.
    Replaced,
    /// The person has this one already.
    Same,
    /// Nobody on the roster has this number.
    Unknown,
    /// No JPEG or PNG that can be read.
    NotPicture,
    /// A file or a picture beyond what is taken.
    TooLarge,
    /// An earlier file of the same upload is of the same person.
    Twice,
}

impl Outcome {
    /// All.
    pub const ALL: [Self; 7] = [
        Self::Stored,
        Self::Replaced,
        Self::Same,
        Self::Unknown,
        Self::NotPicture,
        Self::TooLarge,
        Self::Twice,
    ];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Replaced => "replaced",
            Self::Same => "same",
            Self::Unknown => "unknown",
            Self::NotPicture => "not_picture",
            Self::TooLarge => "too_large",
            Self::Twice => "twice",
        }
    }
}

/// The name of a file of a .zip without its folders; none for what is nobody's doing: folders, and what macOS and Windows
/// put beside pictures. A path is only ever read for its last part, so that none leads anywhere.
pub fn file_of(path: &str) -> Option<&str> {
    let mut parts = path.rsplit(['/', '\\']);
    let file = parts.next().filter(|file| !file.is_empty())?;
    let litter = file.starts_with('.')
        || ["thumbs.db", "desktop.ini"].contains(&file.to_lowercase().as_str())
        || parts.any(|folder| folder == "__MACOSX");
    (!litter).then_some(file)
}

/// Whose photo a file is, by student or staff number; none where its name says that it is no picture.
pub fn number_of(file: &str) -> Option<&str> {
    let (number, kind) = file.rsplit_once('.')?;
    let number = number.trim();
    let is_picture = ["jpg", "jpeg", "png"].contains(&kind.to_lowercase().as_str());
    (is_picture && !number.is_empty() && number.len() <= 64).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_part_of_a_path_counts() {
        assert_eq!(file_of("20181234.jpg"), Some("20181234.jpg"));
        assert_eq!(file_of("照片/2018/20181234.jpg"), Some("20181234.jpg"));
        assert_eq!(file_of("../../etc/passwd"), Some("passwd"));
        assert_eq!(file_of("C:\\photos\\20181234.PNG"), Some("20181234.PNG"));
        for litter in
            ["", "a/", "__MACOSX/20181234.jpg", "a/__MACOSX/._1.jpg", "._1.jpg", ".DS_Store", "a/Thumbs.db"]
        {
            assert_eq!(file_of(litter), None, "{litter}");
        }
    }

    #[test]
    fn a_picture_is_named_by_its_number() {
        assert_eq!(number_of("20181234.jpg"), Some("20181234"));
        assert_eq!(number_of("G0001.JPEG"), Some("G0001"));
        assert_eq!(number_of("a.b .png"), Some("a.b"));
        for other in ["20181234", "20181234.gif", ".jpg", "list.xlsx"] {
            assert_eq!(number_of(other), None, "{other}");
        }
    }

    #[test]
    fn outcomes_have_names_of_their_own() {
        let names: std::collections::HashSet<&str> = Outcome::ALL.map(Outcome::as_str).into();
        assert_eq!(names.len(), Outcome::ALL.len());
    }
}
