//! Makes of any JPEG or PNG the kind of picture that is kept: upright, small, and without what a camera wrote into it
//! (place, time, device). What comes out has been decoded and encoded by us, so that nothing else of the file is left.

use std::io::Cursor;

use domain::{attachment, photo};
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage,
    codecs::jpeg::JpegEncoder, error::ImageError, imageops::FilterType, metadata::Orientation,
};

/// Pixels decoded at most: a camera's thirty million are ninety megabytes.
const MAX_PIXELS: u64 = 30_000_000;
/// Width and height decoded at most.
const MAX_SIDE: u32 = 12_000;
/// What the decoder may take beside the picture.
const MAX_ALLOC: u64 = 256 << 20;

/// How large a kept picture is at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    width: u32,
    height: u32,
    bytes: usize,
}

/// Of somebody's face.
pub(crate) const PHOTO: Bounds =
    Bounds { width: photo::MAX_WIDTH, height: photo::MAX_HEIGHT, bytes: photo::MAX_BYTES };

/// Shown by an answer: what is written on it can be read.
pub(crate) const ATTACHMENT: Bounds =
    Bounds { width: attachment::MAX_SIDE, height: attachment::MAX_SIDE, bytes: attachment::MAX_BYTES };

/// Why a file is no photo.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// No JPEG or PNG, or a broken one.
    NotPicture,
    /// More pixels than are taken.
    TooLarge,
}

impl From<ImageError> for Unfit {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            _ => Self::NotPicture,
        }
    }
}

/// The picture to be kept, a JPEG.
pub(crate) fn make(file: &[u8], bounds: Bounds) -> Result<Vec<u8>, Unfit> {
    let format = image::guess_format(file)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png) {
        return Err(Unfit::NotPicture);
    }
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // The header alone says how large it is; nothing is decoded yet.
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Unfit::TooLarge);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder)?;
    Ok(encode(flat(&upright(picture, orientation, bounds)), bounds.bytes)?)
}

/// Made small first and turned then: turning the whole would need as much memory again.
fn upright(picture: DynamicImage, orientation: Orientation, bounds: Bounds) -> DynamicImage {
    let Bounds { width, height, .. } = bounds;
    let lying = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if lying { (height, width) } else { (width, height) };
    let mut picture = match picture.width() > width || picture.height() > height {
        true => picture.resize(width, height, FilterType::CatmullRom),
        false => picture,
    };
    picture.apply_orientation(orientation);
    picture
}

/// What shines through is white, as paper is.
fn flat(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let picture = picture.to_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        let on_white = |colour: u32| ((colour * alpha + 255 * (255 - alpha)) / 255) as u8;
        image::Rgb([red, green, blue].map(on_white))
    })
}

/// As good as fits, and smaller where even that does not fit.
fn encode(mut picture: RgbImage, most: usize) -> Result<Vec<u8>, ImageError> {
    loop {
        for quality in [85, 75, 65, 55, 45] {
            let mut bytes = Vec::new();
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
            encoder.encode(&picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)?;
            if bytes.len() <= most {
                return Ok(bytes);
            }
        }
        let (width, height) = (picture.width() * 3 / 4, picture.height() * 3 / 4);
        picture = image::imageops::resize(&picture, width.max(1), height.max(1), FilterType::CatmullRom);
    }
}

#[cfg(test)]
mod tests {
    use domain::photo::MAX_BYTES;
    use image::Rgb;

    use super::*;

    fn make(file: &[u8]) -> Result<Vec<u8>, Unfit> {
        super::make(file, PHOTO)
    }

    fn jpeg(picture: &RgbImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 95)
            .encode(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)
            .unwrap();
        bytes
    }

    /// Left half red, right half blue.
    fn halves(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(
            width,
            height,
            |x, _| if x < width / 2 { Rgb([200, 0, 0]) } else { Rgb([0, 0, 200]) },
        )
    }

    fn opened(bytes: &[u8]) -> RgbImage {
        image::load_from_memory_with_format(bytes, ImageFormat::Jpeg).unwrap().to_rgb8()
    }

    /// The same JPEG with an EXIF block that says how the camera was held, and where.
    fn with_exif(bytes: &[u8], orientation: u8) -> Vec<u8> {
        let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        tiff.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
        tiff.extend_from_slice(b"GPS 30.123 120.456");
        let mut block = b"\xff\xe1".to_vec();
        block.extend_from_slice(&u16::try_from(tiff.len() + 8).unwrap().to_be_bytes());
        block.extend_from_slice(b"Exif\0\0");
        block.extend_from_slice(&tiff);
        [&bytes[..2], &block, &bytes[2..]].concat()
    }

    #[test]
    fn a_large_picture_becomes_a_small_one_of_the_same_shape() {
        let kept = make(&jpeg(&halves(1500, 2000))).unwrap();
        assert!(kept.len() <= MAX_BYTES);
        assert_eq!(opened(&kept).dimensions(), (480, 640));
        let wide = opened(&make(&jpeg(&halves(2000, 500))).unwrap());
        assert_eq!(wide.dimensions(), (480, 120));
        let small = opened(&make(&jpeg(&halves(100, 140))).unwrap());
        assert_eq!(small.dimensions(), (100, 140), "none is blown up");
    }

    #[test]
    fn it_stands_upright_and_says_nothing_of_where_it_was_taken() {
        let held = with_exif(&jpeg(&halves(1200, 900)), 6);
        let kept = make(&held).unwrap();
        assert!(held.windows(3).any(|part| part == b"GPS") && !kept.windows(3).any(|part| part == b"GPS"));
        assert!(!kept.windows(4).any(|part| part == b"Exif"));
        let picture = opened(&kept);
        assert_eq!(picture.dimensions(), (480, 640));
        assert!(picture.get_pixel(240, 10).0[0] > 150, "the left half is above");
        assert!(picture.get_pixel(240, 630).0[2] > 150);
    }

    #[test]
    fn what_an_answer_shows_stays_large_enough_to_be_read() {
        let kept = super::make(&jpeg(&halves(3000, 4000)), ATTACHMENT).unwrap();
        assert_eq!(opened(&kept).dimensions(), (1200, 1600));
    }

    #[test]
    fn what_shines_through_is_white() {
        let clear = image::RgbaImage::from_pixel(10, 10, image::Rgba([0, 0, 0, 0]));
        let mut png = Vec::new();
        DynamicImage::from(clear).write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
        assert!(opened(&make(&png).unwrap()).get_pixel(5, 5).0[0] > 250);
    }

    #[test]
    fn noise_is_made_to_fit() {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let picture = RgbImage::from_fn(480, 640, |_, _| Rgb([noise(), noise(), noise()]));
        assert!(make(&jpeg(&picture)).unwrap().len() <= MAX_BYTES);
    }

    #[test]
    fn other_files_and_broken_ones_are_no_pictures() {
        assert_eq!(make(b""), Err(Unfit::NotPicture));
        assert_eq!(make(b"GIF89a\x01\0\x01\0"), Err(Unfit::NotPicture));
        let whole = jpeg(&halves(100, 100));
        assert_eq!(make(&whole[..20]), Err(Unfit::NotPicture));
    }

    #[test]
    fn a_picture_that_would_fill_the_memory_is_not_decoded() {
        // A PNG's header says its size in bytes 16 to 24, with a checksum behind.
        let mut png = Vec::new();
        DynamicImage::new_rgb8(1, 1).write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
        for (width, height) in [(60_000_u32, 60_000_u32), (11_000, 11_000)] {
            png[16..20].copy_from_slice(&width.to_be_bytes());
            png[20..24].copy_from_slice(&height.to_be_bytes());
            let sum = crc(&png[12..29]);
            png[29..33].copy_from_slice(&sum.to_be_bytes());
            assert_eq!(make(&png), Err(Unfit::TooLarge), "{width}");
        }
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |sum, byte| {
            (0..8)
                .fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
        })
    }
}
