//! The workbook: rows as they come, so that memory stays flat, and on every page who exported it, when and what for.

use std::io::{self, Write};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatBorder, Workbook, Worksheet, XlsxError};
use tokio::sync::mpsc::Receiver;

use super::Cell;
use domain::export::{looks_like_formula, sheet_name};

/// A heading and its column's width.
pub(crate) struct Heading {
    pub(crate) title: String,
    pub(crate) width: f64,
}

/// What the workbook is and who it is for.
pub(crate) struct Layout {
    pub(crate) name: String,
    pub(crate) school: String,
    pub(crate) headings: Vec<Heading>,
    /// Who asked for it.
    pub(crate) maker: String,
    /// When, at the school.
    pub(crate) at: chrono::NaiveDateTime,
    pub(crate) purpose: String,
    /// What was done with phones.
    pub(crate) phones: &'static str,
}

/// Bytes of a piece of the file, as it is sealed and kept.
const PIECE: usize = 256 * 1024;

/// A file in pieces, all of them full but the last, so that it need not be moved as it grows.
#[derive(Debug, Default)]
pub(crate) struct Pieces(Vec<Vec<u8>>);

impl Pieces {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// Bytes of the whole.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.0.pop_if(|last| last.len() < PIECE);
        let mut last = room.unwrap_or_else(|| Vec::with_capacity(PIECE));
        let taken = bytes.len().min(PIECE - last.len());
        last.extend_from_slice(&bytes[..taken]);
        self.0.push(last);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes pages of rows until the sender is gone. Gives the file. Blocks: run it where that is allowed.
pub(crate) fn write(layout: &Layout, mut pages: Receiver<Vec<Vec<Cell>>>) -> Result<Pieces, XlsxError> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(layout)?);
    let heading = Format::new().set_bold().set_border_bottom(FormatBorder::Thin);
    // Stays text when somebody edits the cell.
    let quoted = Format::new().set_quote_prefix();
    let quoted_heading = heading.clone().set_quote_prefix();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(sheet_name(&layout.name))?;
    mark(sheet, layout);
    sheet.set_freeze_panes(1, 0)?;
    sheet.set_repeat_rows(0, 0)?;
    for (column, each) in (0..).zip(&layout.headings) {
        sheet.set_column_width(column, each.width)?;
    }
    for (column, each) in (0..).zip(&layout.headings) {
        let format = if looks_like_formula(&each.title) { &quoted_heading } else { &heading };
        sheet.write_string_with_format(0, column, &each.title, format)?;
    }
    let mut row = 0;
    while let Some(page) = pages.blocking_recv() {
        for cells in page {
            row += 1;
            for (column, cell) in (0..).zip(&cells) {
                match cell {
                    Cell::Empty => continue,
                    Cell::Number(number) => sheet.write_number(row, column, *number)?,
                    Cell::Text(text) if looks_like_formula(text) => {
                        sheet.write_string_with_format(row, column, text, &quoted)?
                    }
                    Cell::Text(text) => sheet.write_string(row, column, text)?,
                };
            }
        }
    }
    notes(workbook.add_worksheet(), layout, row)?;
    let mut file = Pieces::default();
    workbook.save_to_writer(&mut file)?;
    Ok(file)
}

fn properties(layout: &Layout) -> Result<DocProperties, XlsxError> {
    Ok(DocProperties::new()
        .set_title(&layout.name)
        .set_author(&layout.maker)
        .set_company(&layout.school)
        .set_subject(&layout.purpose)
        .set_comment(watermark(layout))
        .set_creation_datetime(&ExcelDateTime::from_timestamp(layout.at.and_utc().timestamp())?))
}

fn watermark(layout: &Layout) -> String {
    let at = layout.at.format("%Y-%m-%d %H:%M");
    format!("{} 于 {at} 导出，用途：{}", layout.maker, layout.purpose)
}

/// At the head and the foot of every printed page.
fn mark(sheet: &mut Worksheet, layout: &Layout) {
    // Excel takes 255 characters, among which & is a sign of its own.
    let text: String = watermark(layout).chars().take(120).collect();
    let text = text.replace('&', "＆");
    let school: String = layout.school.chars().take(40).collect();
    sheet.set_header(format!("&L{}&R{text}", school.replace('&', "＆")));
    sheet.set_footer(format!("&L{text}&R&P / &N"));
}

/// A second sheet for those who read on a screen, so that the first stays what it is imported as.
fn notes(sheet: &mut Worksheet, layout: &Layout, rows: u32) -> Result<(), XlsxError> {
    sheet.set_name("导出说明")?;
    mark(sheet, layout);
    let at = layout.at.format("%Y-%m-%d %H:%M").to_string();
    let rows = rows.to_string();
    let lines = [
        ("学校", layout.school.as_str()),
        ("名称", &layout.name),
        ("导出人", &layout.maker),
        ("导出时间", &at),
        ("用途", &layout.purpose),
        ("行数", &rows),
        ("电话", layout.phones),
        ("提醒", "内含个人信息，只可用于上述用途，用完请删除；导出已留记录，名单里的人可以看到"),
    ];
    let quoted = Format::new().set_quote_prefix();
    sheet.set_column_width(0, 12.0)?;
    sheet.set_column_width(1, 80.0)?;
    for (row, (name, value)) in (0..).zip(lines) {
        sheet.write_string(row, 0, name)?;
        if looks_like_formula(value) {
            sheet.write_string_with_format(row, 1, value, &quoted)?;
        } else {
            sheet.write_string(row, 1, value)?;
        }
    }
    Ok(())
}
