<?php
// The call of section 2.2 of Elsom's document, with its own array; the result is written out as JSON.
require getenv('CLIENT') . '/ElsomPHPWebCall.php';

$input = array("CultureInfo" => "ru-RU",
              "MSISDN" => "0556109910",
              "PmSISDN" => "0901015003",
              "PartnerCode" => "00609",
              "ChequeNo" => "123",
              "PartnerTrnID" => "test_24",
              "Amount" => "10",
              "CashierNo" => "0001",
              "UDF" => "browserName",
              "Password" => "ee7e");

$elsomIaPay = new ElsomPHPWebCall();
$result = $elsomIaPay->iaUnit($input);
echo json_encode($result);
