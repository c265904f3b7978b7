drop table notice_agreements, privacy_notices;
