drop table data_copies, notice_agreements, privacy_notices;
