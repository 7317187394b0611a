<?php

declare(strict_types=1);

use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/../ElsomPHPWebCall.php';
require_once __DIR__ . '/server.php';

/** The drop-in takes the document's array and returns the document's pair, whatever the API answers. */
final class ElsomPHPWebCallTest extends TestCase
{
    private const INPUT = [
        'CultureInfo' => 'ru-RU',
        'MSISDN' => '0556109910',
        'PmSISDN' => '0901015003',
        'PartnerCode' => '00609',
        'ChequeNo' => '123',
        'PartnerTrnID' => 'test_24',
        'Amount' => '10',
        'CashierNo' => '0001',
        'UDF' => 'browserName',
        'Password' => 'ee7e',
    ];

    private static Server $server;

    public static function setUpBeforeClass(): void
    {
        self::$server = new Server();
    }

    public static function tearDownAfterClass(): void
    {
        self::$server->stop();
    }

    protected function setUp(): void
    {
        forgetSettings();
        putenv('AWS_REGION=eu-central-1');
        putenv('AWS_ACCESS_KEY_ID=AKIAMADEUP');
        putenv('AWS_SECRET_ACCESS_KEY=made-up');
    }

    private static function called(string $answer, array $changes = []): array
    {
        putenv('ELSOM_API_URL=' . self::$server->url . "/$answer/v1");
        return (new ElsomPHPWebCall())->iaUnit($changes + self::INPUT);
    }

    /** What the API got. */
    private static function sent(array $changes = []): array
    {
        [$word, $url] = self::called('echo', $changes);
        self::assertSame('success', $word);
        return json_decode(base64_decode(basename($url)), true);
    }

    public function testTheDocumentsKeysBecomeTheApisFields(): void
    {
        self::assertSame(
            [
                'amount' => '10',
                'orderId' => '123',
                'customerMsisdn' => '0556109910',
                'language' => 'ru',
                'cashierNo' => '0001',
                'description' => 'browserName',
            ],
            self::sent()['body']
        );
    }

    public function testTheMerchantsOwnDataAreNotSent(): void
    {
        $sent = json_encode(self::sent());
        foreach (['ee7e', '00609', '0901015003'] as $secret) {
            self::assertStringNotContainsString($secret, $sent);
        }
    }

    public function testTheKeyIsThePartnerTrnIdInAscii(): void
    {
        self::assertSame('test_24', self::sent()['headers']['idempotency-key']);
        $key = self::sent(['PartnerTrnID' => "заказ 1\r\nX: y"])['headers']['idempotency-key'];
        self::assertSame(rawurlencode("заказ 1\r\nX: y"), $key);
    }

    public function testWhatIsNotUsedIsLeftOut(): void
    {
        $unused = ['MSISDN' => '0', 'ChequeNo' => '', 'CashierNo' => '', 'UDF' => ''];
        self::assertSame(['amount' => '10', 'orderId' => 'test_24', 'language' => 'ru'], self::sent($unused)['body']);
    }

    /** @dataProvider languages */
    public function testTheCultureIsTheLanguage(string $culture, string $language): void
    {
        self::assertSame($language, self::sent(['CultureInfo' => $culture])['body']['language']);
    }

    public function languages(): array
    {
        return [['ky-KG', 'ky'], ['ru-Ru', 'ru'], ['en-US', 'en'], ['EN', 'en'], ['', 'ru'], ['de-DE', 'ru']];
    }

    public function testAWholeNumberIsAnAmountAndAFloatIsNot(): void
    {
        self::assertSame('1500', self::sent(['Amount' => 1500])['body']['amount']);
        foreach ([10.5, null, true, ['10']] as $amount) {
            [$word, $message] = self::called('pending', ['Amount' => $amount]);
            self::assertSame('error', $word);
            self::assertStringContainsString('Amount', $message);
        }
    }

    public function testAPaymentWithoutAnIdIsNotStarted(): void
    {
        self::assertSame(['error', 'PartnerTrnID is missing.'], self::called('pending', ['PartnerTrnID' => '']));
    }

    /** @dataProvider results */
    public function testEachAnswerHasItsPair(string $answer, string $word, string $text): void
    {
        $result = self::called($answer);
        self::assertSame([0, 1], array_keys($result));
        self::assertSame($word, $result[0]);
        self::assertStringContainsString($text, $result[1]);
    }

    public function results(): array
    {
        return [
            'the page to pay' => ['pending', 'success', 'https://pay.example/v1/pay/'],
            'a page that says it is paid' => ['paid', 'success', 'https://pay.example/v1/pay/'],
            'an outcome that is not known' => ['unknown', 'error', 'Start nothing new'],
            'a payment given up' => ['unresolved', 'error', 'Start nothing new'],
            'a payment that ran out' => ['expired', 'error', 'A new attempt needs a new PartnerTrnID'],
            'a payment that failed before' => ['failed', 'error', 'A new attempt needs a new PartnerTrnID'],
            'a payment that was not sent' => ['created', 'error', 'Call again with PartnerTrnID test_24'],
            'a refusal' => ['refused', 'error', 'error code 17'],
            'an id that was used' => ['reused', 'error', 'was used for another payment'],
            'a wrong field' => ['invalid', 'error', 'amount: must be above zero'],
            'a stack without its secret' => ['not-configured', 'error', 'not set up'],
            'a store that does not answer' => ['try-again', 'error', 'Call again with the same PartnerTrnID'],
            'wrong keys' => ['forbidden', 'error', 'AWS keys'],
            'a problem of a newer API' => ['newer', 'error', 'No coffee.'],
        ];
    }

    public function testWithoutSettingsTheMessageNamesWhatIsMissing(): void
    {
        putenv('AWS_SECRET_ACCESS_KEY');
        [$word, $message] = self::called('pending');
        self::assertSame('error', $word);
        self::assertStringContainsString('AWS_SECRET_ACCESS_KEY', $message);
    }
}
